# Lists the recipes.
default:
    @just --list

# Checks everything and changes nothing.
verify: (fmt "--check") clippy test doc deny

# Formats the code; `just fmt --check` only tells.
fmt *FLAGS:
    cargo fmt --all {{ FLAGS }}

# Lints, every warning an error.
clippy:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Runs the tests.
test *FILTER:
    cargo test --workspace --locked {{ FILTER }}

# Builds the documentation of our crates, every warning an error.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# Checks the dependencies: bans, licences, sources, advisories.
deny:
    .ci/deny

# Runs one node on ./data.
run *FLAGS:
    cargo run --release --locked -- serve {{ FLAGS }}

# Runs a flash sale against a node of its own and prints the verdict.
demo *FLAGS:
    cargo run --release --locked -- demo {{ FLAGS }}

# Replays a session trace against a running node.
replay FILE *FLAGS="--target http://127.0.0.1:8080":
    cargo run --release --locked -p onsale-bench -- replay {{ FILE }} {{ FLAGS }}
