//! Files and folders that their owner alone reads: everything that a node makes on a disk, but what is for others
//! (`transport::mirror`, the demo's samples).
//!
//! A mode is given where a file is made, and once more by the process's umask for what libraries make; what an earlier
//! version or a careless copy left open is closed at the start.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;

const FOLDER: u32 = 0o700;
const FILE: u32 = 0o600;
/// The bits that let somebody else in.
const OTHERS: u32 = 0o077;

/// Lets nobody else into what this process makes from now on, whoever makes it: umask 077.
pub fn mask() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(OTHERS));
}

/// Makes a folder, and those above it; one that is there already is closed to others.
///
/// # Errors
/// If the disk refuses.
pub fn folder(path: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(FOLDER).create(path);
    made.with_context(|| format!("`{}` cannot be made", path.display()))?;
    let closed = close(path);
    closed.with_context(|| format!("`{}` cannot be closed to others", path.display()))?;
    Ok(())
}

/// Makes a file, to be written and read; refuses one that is there.
///
/// # Errors
/// If there is one, or the disk refuses.
pub fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(FILE)
        .open(path)
}

/// Opens a file to write, and makes it if it is not there; what it holds stays.
///
/// # Errors
/// If the disk refuses.
pub fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE)
        .open(path)
}

/// Puts a file in the place of the one that is there: whole or not at all, and on disk.
///
/// # Errors
/// If the disk refuses.
pub fn replace(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let write = || {
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = new_file(&beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
    };
    write().with_context(|| format!("`{}` cannot be written", path.display()))
}

/// Closes a folder, and all that it holds, to others; says so, if something stood open. Links are not followed.
///
/// # Errors
/// If the folder cannot be read.
pub fn tighten(folder: &Path) -> anyhow::Result<()> {
    let (mut closed, mut refused): (Vec<PathBuf>, Vec<(PathBuf, io::Error)>) = (vec![], vec![]);
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        match close(&path) {
            Ok(true) => closed.push(path.clone()),
            Ok(false) => {}
            // The database's own files come and go.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => refused.push((path.clone(), error)),
        }
        let kind = fs::symlink_metadata(&path).map(|known| known.is_dir());
        if kind.unwrap_or(false) {
            let entries = fs::read_dir(&path).with_context(|| format!("`{}` cannot be read", path.display()))?;
            open.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
        }
    }
    if !closed.is_empty() {
        tracing::warn!(
            "others on this machine could read {} of the node's files and folders, `{}` among them: they are closed now; what \
             was read before is not undone",
            closed.len(),
            closed
                .iter()
                .map(|path| path.display().to_string())
                .min()
                .unwrap_or_default()
        );
    }
    for (path, error) in refused {
        tracing::error!(%error, "others on this machine can read `{}`, and it cannot be closed", path.display());
    }
    Ok(())
}

/// Closes one file or folder to others; false, if it was closed. A link has no mode of its own, and a device's is not ours.
fn close(path: &Path) -> io::Result<bool> {
    let known = fs::symlink_metadata(path)?;
    let mode = known.permissions().mode() & 0o7777;
    if !(known.is_file() || known.is_dir()) || mode & OTHERS == 0 {
        return Ok(false);
    }
    fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_stood_open_is_closed_and_a_link_leads_to_nothing_elsewhere() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let elsewhere = outside.path().join("web");
        fs::write(&elsewhere, "for everybody").unwrap();
        fs::set_permissions(&elsewhere, Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(inside.path(), Permissions::from_mode(0o755)).unwrap();
        let deep = inside.path().join("keys/old");
        fs::create_dir_all(&deep).unwrap();
        for (name, open) in [("a", 0o644), ("b", 0o660), ("c", 0o606), ("d", 0o755), ("e", 0o400)] {
            fs::write(deep.join(name), "secret").unwrap();
            fs::set_permissions(deep.join(name), Permissions::from_mode(open)).unwrap();
        }
        symlink(&elsewhere, deep.join("link")).unwrap();
        symlink(outside.path().join("nowhere"), deep.join("broken")).unwrap();
        let socket = deep.join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        fs::set_permissions(&socket, Permissions::from_mode(0o666)).unwrap();
        tighten(inside.path()).unwrap();
        for path in [inside.path(), &inside.path().join("keys"), &deep] {
            assert_eq!(mode(path), 0o700);
        }
        let modes = ["a", "b", "c", "d", "e"].map(|name| mode(&deep.join(name)));
        assert_eq!(modes, [0o600, 0o600, 0o600, 0o700, 0o400]);
        assert_eq!(mode(&elsewhere), 0o644, "what a link leads to is not the node's");
        assert_eq!(mode(&socket), 0o666, "nor is what is neither a file nor a folder");
    }

    #[test]
    fn a_file_is_replaced_whole_and_closed_whatever_lay_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("comity.toml");
        for left in [path.clone(), folder.path().join("comity.toml.new")] {
            fs::write(&left, "left by a crash").unwrap();
            fs::set_permissions(&left, Permissions::from_mode(0o666)).unwrap();
        }
        replace(&path, b"new").unwrap();
        assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"new".to_vec(), 0o600));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(replace(&folder.path().join("none/x"), b"").is_err());
    }
}
