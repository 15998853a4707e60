//! Reading checkpoints back, with every file checked against the hash that its commit recorded.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::params;

use crate::error::{At, Result, TraceError, segment};
use crate::folder::{RunFile, write_durably};
use crate::record::{CheckpointFile, CommitKey};

/// A recorded file of a checkpoint.
struct Recorded {
    path: PathBuf,
    name: String,
    bytes: u64,
    hash: String,
}

impl RunFile {
    fn recorded(&self, key: &CommitKey) -> Result<Vec<Recorded>> {
        let sql = "SELECT file, bytes, checkpoints.hash FROM checkpoints JOIN commits ON commits.id = commit_id \
                   WHERE arm = ?1 AND phase = ?2 AND round = ?3 ORDER BY file";
        let rows = self.list(sql, params![key.arm, key.phase as i64, key.round], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
        })?;
        let folder = self.checkpoint_folder(key)?;
        rows.into_iter()
            .map(|(name, bytes, hash)| {
                let path = segment(&folder, &name)?;
                Ok(Recorded { path, name, bytes: bytes.cast_unsigned(), hash })
            })
            .collect()
    }

    /// Commits that have a checkpoint, in the order of committing.
    pub fn checkpoints(&self) -> Result<Vec<CommitKey>> {
        let all = self.commits()?;
        let mut with = Vec::new();
        for key in all {
            if !self.recorded(&key)?.is_empty() {
                with.push(key);
            }
        }
        Ok(with)
    }

    /// The files of a checkpoint, checked.
    ///
    /// # Errors
    /// [`TraceError::NoCheckpoint`]; [`TraceError::Checkpoint`] with the file that is damaged.
    pub fn checkpoint(&self, key: &CommitKey) -> Result<Vec<CheckpointFile>> {
        let recorded = self.recorded(key)?;
        if recorded.is_empty() {
            return Err(self.no_checkpoint(key.to_string()));
        }
        recorded.into_iter().map(|file| Ok(CheckpointFile { bytes: file.read()?, name: file.name })).collect()
    }

    /// The newest checkpoint of an arm.
    ///
    /// # Errors
    /// As [`Self::checkpoint`].
    pub fn newest_checkpoint(&self, arm: &str) -> Result<(CommitKey, Vec<CheckpointFile>)> {
        let key = self.checkpoints()?.into_iter().rev().find(|key| key.arm == arm);
        let key = key.ok_or_else(|| self.no_checkpoint(format!("arm `{arm}`")))?;
        let files = self.checkpoint(&key)?;
        Ok((key, files))
    }

    /// Copies a checkpoint to a folder, which is made if it is missing. Returns the written paths.
    ///
    /// # Errors
    /// As [`Self::checkpoint`], and I/O errors.
    pub fn export_checkpoint(&self, key: &CommitKey, to: &Path) -> Result<Vec<PathBuf>> {
        let files = self.checkpoint(key)?;
        fs::create_dir_all(to).at(to)?;
        let copy = |file: CheckpointFile| {
            let path = to.join(&file.name);
            write_durably(&path, &file.bytes).map(|()| path)
        };
        files.into_iter().map(copy).collect()
    }

    /// Forgets a checkpoint that nothing will go on from: its files are removed, its commit stays.
    ///
    /// # Errors
    /// I/O and SQLite errors. Where the files cannot be removed they are left behind, and no row names them.
    ///
    /// # Panics
    /// If the run was opened read-only.
    pub fn drop_checkpoint(&mut self, key: &CommitKey) -> Result<()> {
        assert!(self.is_writable(), "a run that is opened read-only cannot be written");
        let sql = "DELETE FROM checkpoints WHERE commit_id IN \
                   (SELECT id FROM commits WHERE arm = ?1 AND phase = ?2 AND round = ?3)";
        if self.db.execute(sql, params![key.arm, key.phase as i64, key.round])? == 0 {
            return Ok(());
        }
        let folder = self.checkpoint_folder(key)?;
        fs::remove_dir_all(&folder).at(&folder)
    }

    fn no_checkpoint(&self, wanted: String) -> TraceError {
        let there = self.checkpoints().unwrap_or_default();
        let names: Vec<String> = there.iter().map(CommitKey::to_string).collect();
        let available =
            if names.is_empty() { "this run has none".to_owned() } else { format!("there are {}", names.join(", ")) };
        TraceError::NoCheckpoint { wanted, available }
    }

    /// Checks every checkpoint file of the run.
    ///
    /// # Errors
    /// [`TraceError::Checkpoint`] with the first file that is missing, short or altered.
    pub fn verify_checkpoints(&self) -> Result<()> {
        for key in self.checkpoints()? {
            self.recorded(&key)?.iter().try_for_each(|file| file.read().map(|_| ()))?;
        }
        Ok(())
    }

    /// What resuming needs: sizes of all checkpoint files, and the content of the newest of each arm.
    pub(crate) fn check_newest_checkpoints(&self) -> Result<()> {
        let keys = self.checkpoints()?;
        for (index, key) in keys.iter().enumerate() {
            let newest = !keys[index + 1..].iter().any(|later| later.arm == key.arm);
            for file in self.recorded(key)? {
                if newest {
                    file.read()?;
                } else {
                    file.check_size()?;
                }
            }
        }
        Ok(())
    }
}

impl Recorded {
    fn damaged(&self, reason: String) -> TraceError {
        TraceError::Checkpoint { file: self.path.display().to_string(), reason }
    }

    fn check_size(&self) -> Result<()> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(self.damaged("it is missing".into())),
            Err(error) => Err(error).at(&self.path),
            Ok(found) if found.len() != self.bytes => {
                Err(self.damaged(format!("it has {} bytes of {}", found.len(), self.bytes)))
            }
            Ok(_) => Ok(()),
        }
    }

    fn read(&self) -> Result<Vec<u8>> {
        self.check_size()?;
        let bytes = fs::read(&self.path).at(&self.path)?;
        if blake3::hash(&bytes).to_hex().as_str() != self.hash {
            return Err(self.damaged("its BLAKE3 hash differs from the recorded one".into()));
        }
        Ok(bytes)
    }
}
