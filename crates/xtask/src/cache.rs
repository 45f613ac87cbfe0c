//! The user's folder of tools and of measured times, which all clones share.

use std::{
    env,
    ffi::OsString,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::Result;

/// The folder that `REFIT_TOOLS` names, or one below the system's folder for caches.
pub(crate) fn folder() -> Result<PathBuf> {
    let folder = choose(|name| env::var_os(name), env::consts::OS).ok_or(
        "there is no home folder to keep tools in: \
         run `REFIT_TOOLS=/path/to/folder cargo xtask serve`",
    )?;
    std::path::absolute(&folder).map_err(|error| explain(&folder, &error))
}

/// Follows the environment's variables and the system's custom.
fn choose(variable: impl Fn(&str) -> Option<OsString>, system: &str) -> Option<PathBuf> {
    let folder = |name| variable(name).filter(|value| !value.is_empty());
    if let Some(tools) = folder("REFIT_TOOLS") {
        return Some(tools.into());
    }
    let below_home = |below| Some(Path::new(&folder("HOME")?).join(below));
    let caches = match (folder("XDG_CACHE_HOME"), system) {
        (Some(caches), _) => caches.into(),
        (None, "windows") => folder("LOCALAPPDATA")?.into(),
        (None, "macos") => below_home("Library/Caches")?,
        (None, _) => below_home(".cache")?,
    };
    Some(caches.join("refit"))
}

/// The folder NAME of the cache, which `install` fills if it is not there.
///
/// `install` gets another folder, which takes the name once it is whole: an interrupted install
/// leaves nothing that looks like a tool. Of two that install at once, the second waits.
pub(crate) fn install(name: &str, install: impl FnOnce(&Path) -> Result) -> Result<PathBuf> {
    install_in(&folder()?, name, install)
}

fn install_in(cache: &Path, name: &str, install: impl FnOnce(&Path) -> Result) -> Result<PathBuf> {
    let installed = cache.join(name);
    if installed.is_dir() {
        return Ok(installed);
    }
    fs::create_dir_all(cache).map_err(|error| explain(cache, &error))?;
    let _lock = lock(cache)?;
    // The other process may just have installed it.
    if installed.is_dir() {
        return Ok(installed);
    }
    let unfinished = cache.join("unfinished");
    remove(&unfinished)?;
    fs::create_dir(&unfinished).map_err(|error| explain(&unfinished, &error))?;
    install(&unfinished)?;
    fs::rename(&unfinished, &installed).map_err(|error| explain(&installed, &error))?;
    Ok(installed)
}

/// The folder in which cargo compiles tools: an interrupted compilation goes on from there.
pub(crate) fn build_folder() -> Result<PathBuf> {
    Ok(folder()?.join("build"))
}

/// Removes what cargo compiled on the way to the tools.
pub(crate) fn clean() -> Result {
    let build = build_folder()?;
    if build.is_dir() {
        let _lock = lock(&folder()?)?;
        remove(&build)?;
    }
    Ok(())
}

/// Keeps other processes from installing until it is dropped, or this process ends.
fn lock(cache: &Path) -> Result<File> {
    let path = cache.join("lock");
    let file = File::create(&path).map_err(|error| explain(&path, &error))?;
    let locked = match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            println!("another `cargo xtask` is installing tools: this one waits for it");
            file.lock()
        }
        Err(TryLockError::Error(error)) => Err(error),
        Ok(()) => Ok(()),
    };
    locked.map_err(|error| explain(&path, &error))?;
    Ok(file)
}

fn remove(folder: &Path) -> Result {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(explain(folder, &error)),
        _ => Ok(()),
    }
}

fn explain(path: &Path, error: &io::Error) -> String {
    format!(
        "{} cannot be used to keep tools ({error}): run `REFIT_TOOLS=/path/to/folder cargo xtask serve`",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::{choose, install_in};
    use std::{
        env,
        ffi::OsString,
        fs,
        path::Path,
        process,
        sync::atomic::{AtomicUsize, Ordering},
        thread,
        time::Duration,
    };

    fn chosen(variables: &[(&str, &str)], system: &str) -> Option<std::path::PathBuf> {
        let value = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| OsString::from(value))
        };
        choose(value, system)
    }

    #[test]
    fn each_system_has_its_folder_for_caches() {
        let home = ("HOME", "/home/me");
        let at = |path: &str| Some(Path::new(path).to_owned());
        assert_eq!(chosen(&[home], "linux"), at("/home/me/.cache/refit"));
        assert_eq!(
            chosen(&[home], "macos"),
            at("/home/me/Library/Caches/refit")
        );
        let local = ("LOCALAPPDATA", "/users/me/local");
        assert_eq!(
            chosen(&[home, local], "windows"),
            at("/users/me/local/refit")
        );
        assert_eq!(chosen(&[], "linux"), None);
        assert_eq!(chosen(&[home], "windows"), None);
    }

    #[test]
    fn variables_choose_another_folder() {
        let home = ("HOME", "/home/me");
        let caches = ("XDG_CACHE_HOME", "/caches");
        let tools = ("REFIT_TOOLS", "/tools");
        let at = |path: &str| Some(Path::new(path).to_owned());
        assert_eq!(chosen(&[home, caches], "linux"), at("/caches/refit"));
        assert_eq!(chosen(&[home, caches, tools], "linux"), at("/tools"));
        let empty = ("XDG_CACHE_HOME", "");
        assert_eq!(chosen(&[home, empty], "linux"), at("/home/me/.cache/refit"));
    }

    #[test]
    fn an_install_is_whole_or_not_there() {
        let cache = env::temp_dir().join(format!("refit-cache-{}", process::id()));
        let failed = install_in(&cache, "tool-1", |folder| {
            fs::write(folder.join("half"), "").unwrap();
            Err("interrupted".to_owned())
        });
        assert_eq!(failed, Err("interrupted".to_owned()));
        assert!(!cache.join("tool-1").exists());
        let installs = AtomicUsize::new(0);
        let install = || {
            install_in(&cache, "tool-1", |folder| {
                installs.fetch_add(1, Ordering::Relaxed);
                // The other one comes meanwhile.
                thread::sleep(Duration::from_millis(50));
                fs::write(folder.join("whole"), "").map_err(|error| error.to_string())
            })
        };
        let both = thread::scope(|scope| {
            let both = [scope.spawn(install), scope.spawn(install)];
            both.map(|one| one.join().unwrap())
        });
        for folder in both {
            let folder = folder.unwrap();
            assert!(folder.join("whole").is_file() && !folder.join("half").exists());
        }
        assert_eq!(installs.into_inner(), 1);
        fs::remove_dir_all(cache).unwrap();
    }
}
