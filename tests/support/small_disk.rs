//! A file system of a given size that nobody else sees: a tmpfs in a mount namespace of its own.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A small disk. It is gone with the process that holds its namespace, which ends when the test lets go of this.
pub struct SmallDisk {
    holder: Child,
    mount: tempfile::TempDir,
    join: Vec<String>,
}

impl SmallDisk {
    /// A disk of `mebibytes`; `None` where no file system may be mounted.
    pub fn new(mebibytes: u32) -> Option<Self> {
        // As root without a namespace of users: inside of one, another user may not be able to reach the files.
        let user = ["nsenter", "-U", "--preserve-credentials", "-m", "-t"];
        for (flags, join) in [("-m", &["nsenter", "-m", "-t"][..]), ("-Urm", &user[..])] {
            let mount = tempfile::tempdir().expect("a temporary directory");
            let script =
                format!("mount -t tmpfs -o size={mebibytes}m onsale \"$0\" && echo mounted && exec cat");
            let mut command = Command::new("unshare");
            command.args([flags, "sh", "-c", &script]).arg(mount.path());
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
            let Ok(mut holder) = command.spawn() else { continue };
            let mut said = String::new();
            let stdout = holder.stdout.take().expect("stdout is piped");
            if BufReader::new(stdout).read_line(&mut said).is_ok() && said.trim() == "mounted" {
                let join =
                    join.iter().map(|word| (*word).to_owned()).chain([holder.id().to_string()]).collect();
                return Some(Self { holder, mount, join });
            }
            drop(holder.wait());
        }
        None
    }

    /// The command to run a program under that is to see the disk.
    pub fn wrapper(&self) -> Vec<String> {
        self.join.clone()
    }

    /// A place on the disk as programs under the wrapper see it.
    pub fn inside(&self, name: &str) -> PathBuf {
        self.mount.path().join(name)
    }

    /// The same place as this process sees it.
    fn outside(&self, name: &str) -> PathBuf {
        let inside = self.inside(name);
        let inside = inside.strip_prefix("/").expect("an absolute path");
        Path::new(&format!("/proc/{}/root", self.holder.id())).join(inside)
    }

    /// Fills the disk with a file until `bytes` are free.
    pub fn fill(&self, bytes: u64) {
        let mut file = std::fs::File::create(self.outside("filler")).expect("a file on the small disk");
        let block = vec![0x5a; 64 * 1024];
        while file.write_all(&block).is_ok() {}
        let length = file.metadata().expect("its length").len();
        file.set_len(length.saturating_sub(bytes)).expect("it becomes shorter");
    }

    /// Removes the file again.
    pub fn clear(&self) {
        std::fs::remove_file(self.outside("filler")).expect("the file that filled the disk");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.holder.kill());
        drop(self.holder.wait());
    }
}
