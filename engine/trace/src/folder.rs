//! The run folder as a whole: creating, opening, locking.
//!
//! ```text
//! RUN/scenario.yaml                       the resolved scenario, for people and for `resume`
//! RUN/run.sqlite                          everything else (WAL: readers do not wait for the writer)
//! RUN/checkpoints/<arm>/<phase>-r003/…    files of each commit, named and hashed in run.sqlite
//! RUN/lock                                held by the writing process
//! ```

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::error::{At, Result, TraceError};
use crate::payload::{Kind, Packer, Unpacker};
use crate::record::{RunHeader, episode_name};
use crate::tables::{ADDED_BY_2, APPLICATION_ID, FORMAT, OLDEST_FORMAT, SCHEMA};

const DATABASE: &str = "run.sqlite";

/// An open run folder.
pub struct RunFile {
    pub(crate) folder: PathBuf,
    pub(crate) db: Connection,
    pub(crate) header: RunHeader,
    pub(crate) format: i64,
    /// What payloads have been compressed with since each was trained.
    pub(crate) dictionaries: Vec<(Kind, Vec<u8>)>,
    pub(crate) unpacker: Unpacker,
    /// Held while this process may write; the system releases it when the process ends, however it ends.
    lock: Option<File>,
}

impl RunFile {
    /// Begins a run in `folder`, which must not exist or be empty. The folder appears complete or not at all.
    ///
    /// # Errors
    /// [`TraceError::Occupied`], or an I/O error with its path.
    pub fn create(folder: &Path, header: &RunHeader) -> Result<Self> {
        let occupied = || TraceError::Occupied { folder: folder.display().to_string() };
        if folder.exists() && (!folder.is_dir() || fs::read_dir(folder).at(folder)?.next().is_some()) {
            return Err(occupied());
        }
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).at(parent)?;
        let draft = tempfile::Builder::new().prefix(".coevo-new-").tempdir_in(parent).at(parent)?;
        write_durably(&draft.path().join("scenario.yaml"), header.scenario_yaml.as_bytes())?;
        fs::create_dir(draft.path().join("checkpoints")).at(draft.path())?;
        let mut db = Connection::open(draft.path().join(DATABASE))?;
        // A row with its payloads has one to two kilobytes: in pages of four a fifth would stay empty.
        db.pragma_update(None, "page_size", 16 << 10)?;
        prepare(&db)?;
        db.pragma_update(None, "application_id", APPLICATION_ID)?;
        let transaction = db.transaction()?;
        transaction.execute_batch(SCHEMA)?;
        transaction.execute_batch(ADDED_BY_2)?;
        let payload = Packer::new().json(Kind::Other, header);
        transaction.execute(
            "INSERT INTO header (program, payload, hash) VALUES (?1, ?2, ?3)",
            (env!("CARGO_PKG_VERSION"), payload.bytes, payload.hash),
        )?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
        transaction.commit()?;
        db.close().map_err(|(_, error)| error)?;
        // tempdir makes private folders; a run folder is an ordinary one.
        #[cfg(unix)]
        fs::set_permissions(draft.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).at(draft.path())?;
        let draft = draft.keep();
        if let Err(error) = fs::rename(&draft, folder) {
            // Some systems do not rename onto an empty folder.
            let retried = fs::remove_dir(folder).and_then(|()| fs::rename(&draft, folder));
            if retried.is_err() {
                let _ = fs::remove_dir_all(&draft);
                return Err(error).at(folder);
            }
        }
        sync_folder(parent)?;
        Self::open(folder)
    }

    /// Opens a run to continue it. Checks the format, that no other process writes, and the newest checkpoints.
    ///
    /// # Errors
    /// [`TraceError::NotARun`], [`TraceError::Version`], [`TraceError::Busy`], [`TraceError::Checkpoint`].
    pub fn open(folder: &Path) -> Result<Self> {
        let found = Self::connect(folder, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        let path = folder.join("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&path).at(&path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(TraceError::Busy { folder: folder.display().to_string() }),
            Err(TryLockError::Error(error)) => return Err(error).at(&path),
        }
        prepare(&found.db)?;
        let mut run = Self { lock: Some(lock), ..found };
        run.check_newest_checkpoints()?;
        if run.format < FORMAT {
            run.upgrade()?;
        }
        Ok(run)
    }

    /// Opens a run to add branches to it; works while another process commits rounds. A run of an older format is
    /// upgraded first.
    ///
    /// # Errors
    /// [`TraceError::NotARun`], [`TraceError::Version`]; as [`Self::open`] where it must be upgraded.
    pub fn open_to_annotate(folder: &Path) -> Result<Self> {
        let found = Self::connect(folder, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        if found.format < FORMAT {
            drop(found);
            return Ok(Self { lock: None, ..Self::open(folder)? });
        }
        prepare(&found.db)?;
        Ok(found)
    }

    /// Adds what later formats have; what can be told from the records is filled in.
    fn upgrade(&mut self) -> Result<()> {
        let all = self.episodes(&crate::EpisodeFilter::default())?;
        // On the connection itself, because records are read between the writes; rolled back where it is dropped.
        let transaction = self.db.unchecked_transaction()?;
        if self.format < 2 {
            transaction.execute_batch(ADDED_BY_2)?;
            for summary in &all {
                // A damaged record stays one, and has no tools.
                if let Ok(record) = self.record(summary) {
                    crate::commit::insert_tools(&transaction, summary.row, &crate::commit::tools(&record.episode))?;
                }
            }
        }
        for summary in &all {
            let name = episode_name(&summary.key);
            if name != summary.name {
                transaction.execute("UPDATE episodes SET name = ?1 WHERE id = ?2", (name, summary.row))?;
            }
        }
        transaction.pragma_update(None, "user_version", FORMAT)?;
        transaction.commit()?;
        self.format = FORMAT;
        Ok(())
    }

    /// Opens a run to read it; works while another process writes, and sees whole commits only.
    ///
    /// # Errors
    /// [`TraceError::NotARun`], [`TraceError::Version`].
    pub fn open_read_only(folder: &Path) -> Result<Self> {
        Self::connect(folder, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
    }

    fn connect(folder: &Path, flags: OpenFlags) -> Result<Self> {
        let not_a_run =
            |reason: &str| TraceError::NotARun { folder: folder.display().to_string(), reason: reason.into() };
        let path = folder.join(DATABASE);
        if !folder.is_dir() {
            return Err(not_a_run("there is no such folder"));
        }
        if !path.is_file() {
            return Err(not_a_run("it has no run.sqlite"));
        }
        let mut db = Connection::open_with_flags(&path, flags)?;
        db.busy_timeout(std::time::Duration::from_secs(20))?;
        let number = |db: &Connection, name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let mut kind = number(&db, "application_id");
        if is(&kind, rusqlite::ErrorCode::CannotOpen) && flags.contains(OpenFlags::SQLITE_OPEN_READ_ONLY) {
            // A folder that cannot be written has no room for the shared memory of WAL: nobody can be writing, either.
            let uri =
                format!("file:{}?immutable=1", path.display().to_string().replace('%', "%25").replace('?', "%3f"));
            db = Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?;
            kind = number(&db, "application_id");
        }
        if is(&kind, rusqlite::ErrorCode::NotADatabase) {
            return Err(not_a_run("its run.sqlite is no SQLite file"));
        }
        if kind? != APPLICATION_ID {
            return Err(not_a_run("its run.sqlite was not written by coevo"));
        }
        let found = number(&db, "user_version")?;
        if !(OLDEST_FORMAT..=FORMAT).contains(&found) {
            let written_by = db.query_row("SELECT program FROM header", [], |row| row.get(0));
            return Err(TraceError::Version {
                folder: folder.display().to_string(),
                found,
                supported: FORMAT,
                written_by: written_by.unwrap_or_else(|_| "of an unknown version".into()),
            });
        }
        let mut unpacker = Unpacker::new();
        let (bytes, hash): (Vec<u8>, _) =
            db.query_row("SELECT payload, hash FROM header", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let header = unpacker.json(Kind::Other, &bytes, hash, || "the run's header".into())?;
        let dictionaries = if found < 2 { Vec::new() } else { dictionaries(&db, &unpacker)? };
        dictionaries.iter().for_each(|(kind, bytes)| unpacker.learn(*kind, bytes));
        Ok(Self { folder: folder.to_path_buf(), db, header, format: found, dictionaries, unpacker, lock: None })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn header(&self) -> &RunHeader {
        &self.header
    }

    /// Whether this process may commit.
    pub fn is_writable(&self) -> bool {
        self.lock.is_some()
    }
}

/// The dictionaries of a run: of each kind the first copy that is sound.
fn dictionaries(db: &Connection, unpacker: &Unpacker) -> Result<Vec<(Kind, Vec<u8>)>> {
    let mut found = Vec::new();
    for kind in Kind::WITH_DICTIONARY {
        let mut query = db.prepare("SELECT payload, hash FROM dictionaries WHERE kind = ?1 ORDER BY copy")?;
        let mut rows = query.query([kind.name()])?;
        while let Some(row) = rows.next()? {
            let (bytes, Ok(hash)): (Vec<u8>, _) = (row.get(0)?, row.get(1)) else { continue };
            if let Ok(dictionary) = unpacker.unpack(Kind::Other, &bytes, hash, String::new) {
                found.push((kind, dictionary));
                break;
            }
        }
    }
    Ok(found)
}

fn is<T>(result: &rusqlite::Result<T>, code: rusqlite::ErrorCode) -> bool {
    result.as_ref().err().and_then(rusqlite::Error::sqlite_error_code) == Some(code)
}

/// Settings of a writing connection: WAL, and every commit on disk before it returns.
fn prepare(db: &Connection) -> Result<()> {
    db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "foreign_keys", "on")?;
    Ok(())
}

/// Writes a new file and waits until it is on disk.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = File::create(path).at(path)?;
    std::io::Write::write_all(&mut file, bytes).at(path)?;
    file.sync_all().at(path)
}

/// Waits until the names in `folder` are on disk.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    // Windows has no such call; its renames are durable with the file's own sync.
    if cfg!(unix) { File::open(folder).and_then(|folder| folder.sync_all()).at(folder) } else { Ok(()) }
}
