// Owns: signing up and logging in, as a dialog over whatever is shown: who was about to pick a seat goes on with it.
import { fill, h } from "./dom.js";
import { login, signUp, user } from "./session.js";
import { said } from "./words.js";

let open = null;

/** Makes sure that somebody is logged in; `false` when they would rather not. */
export function ensureUser(reason = "") {
  if (user()) return Promise.resolve(true);
  open ??= ask(reason).finally(() => { open = null; });
  return open;
}

function ask(reason) {
  return new Promise((done) => {
    const dialog = h("dialog", { class: "card dialog", id: "account", "aria-labelledby": "account-title" });
    const finish = () => dialog.close();
    const show = (form) => { fill(dialog, form(show, finish, reason)); dialog.querySelector("input").focus(); };
    dialog.addEventListener("close", () => { dialog.remove(); done(user() !== null); });
    document.body.append(dialog);
    show(loginForm);
    dialog.showModal();
  });
}

function loginForm(show, finish, reason) {
  return form("Log in", reason, [
    field("username", "User name or e-mail", { autocomplete: "username" }),
    field("password", "Password", { type: "password", autocomplete: "current-password" }),
  ], ({ username, password }) => login(username, password), finish,
  h("p", { class: "quiet" }, "New here? ", h("button", { type: "button", class: "link", id: "to-sign-up", onclick: () => show(signUpForm) }, "Create an account")));
}

function signUpForm(show, finish, reason) {
  return form("Create an account", reason, [
    field("name", "Your name", { autocomplete: "name" }),
    field("email", "E-mail", { type: "email", autocomplete: "email" }),
    field("username", "User name", { autocomplete: "username" }),
    field("password", "Password", { type: "password", autocomplete: "new-password", minlength: 8, maxlength: 128 }),
  ], signUp, finish,
  h("p", { class: "quiet" }, "Been here before? ", h("button", { type: "button", class: "link", onclick: () => show(loginForm) }, "Log in")));
}

function field(name, label, attributes) {
  return h("label", {}, label, h("input", { name, required: true, ...attributes }));
}

function form(title, reason, fields, send, finish, more) {
  const problem = h("p", { class: "bad", role: "alert" });
  const button = h("button", { type: "submit", class: "primary" }, title);
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.textContent = "";
    try {
      await send(Object.fromEntries(new FormData(event.target)));
      finish();
    } catch (refused) {
      problem.textContent = refused.code === "unauthenticated" ? refused.message : said(refused);
      button.disabled = false;
    }
  };
  return h("form", { onsubmit: submit },
    h("div", { class: "bar" }, h("h2", { id: "account-title" }, title),
      h("button", { type: "button", class: "plain", "aria-label": "Close", onclick: finish }, "×")),
    reason && h("p", { class: "quiet" }, reason), fields, problem, button, more);
}
