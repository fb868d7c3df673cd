//! Where a configuration lies.

use std::path::{Path, PathBuf};

/// What it is called in a project.
pub const FILE: &str = "otoscope.toml";

/// The nearest `otoscope.toml` from a directory upwards to the root of its repository, else the user's own
/// configuration in `config_home`.
pub fn find(from: &Path, config_home: Option<&Path>) -> Option<PathBuf> {
    for dir in from.ancestors() {
        let file = dir.join(FILE);
        if file.is_file() {
            return Some(file);
        }
        // In a linked work tree `.git` is a file.
        if dir.join(".git").exists() {
            break;
        }
    }
    config_home.map(|home| home.join("otoscope").join("config.toml")).filter(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_nearest_counts_and_none_beyond_the_repository() {
        let dir = tempfile::tempdir().unwrap();
        let (home, repository) = (dir.path().join("home"), dir.path().join("repository"));
        let deep = repository.join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::create_dir_all(home.join("otoscope")).unwrap();
        fs::write(dir.path().join(FILE), "").unwrap();
        assert_eq!(find(&deep, Some(&home)), Some(dir.path().join(FILE)), "no repository ends the search");
        fs::create_dir(repository.join(".git")).unwrap();
        assert_eq!(find(&deep, Some(&home)), None, "it is another's, and the user has none");
        fs::write(home.join("otoscope/config.toml"), "").unwrap();
        assert_eq!(find(&deep, Some(&home)), Some(home.join("otoscope/config.toml")));
        assert_eq!(find(&deep, None), None);
        fs::write(repository.join(FILE), "").unwrap();
        assert_eq!(find(&deep, Some(&home)), Some(repository.join(FILE)));
        fs::write(repository.join("a").join(FILE), "").unwrap();
        assert_eq!(find(&deep, Some(&home)), Some(repository.join("a").join(FILE)));
    }
}
