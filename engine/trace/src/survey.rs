//! What of a damaged run can still be read: everything is tried, one piece at a time.

use std::collections::BTreeMap;

use rusqlite::OptionalExtension;

use crate::error::Result;
use crate::folder::RunFile;
use crate::query::{SUMMARY, summary};

/// Rows that are tried in vain, one after the other, before the rest is given up.
const MOST_IN_VAIN: i64 = 4096;

/// What was read, and what could not be.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Survey {
    /// Episodes that were read whole and are what was written.
    pub episodes: u64,
    pub commits: u64,
    pub checkpoints: u64,
    pub interfaces: u64,
    pub branches: u64,
    /// What is damaged, by its name or row, and how.
    pub damaged: BTreeMap<String, String>,
}

impl RunFile {
    /// Reads everything.
    pub fn survey(&self) -> Survey {
        let mut found = Survey::default();
        self.survey_episodes(&mut found);
        match self.commits() {
            Err(error) => found.damage("the list of commits", &error),
            Ok(keys) => {
                for key in keys {
                    match self.commit_record(&key) {
                        Ok(_) => found.commits += 1,
                        Err(error) => found.damage(&format!("commit {key}"), &error),
                    }
                }
            }
        }
        match self.checkpoints() {
            Err(error) => found.damage("the list of checkpoints", &error),
            Ok(keys) => {
                for key in keys {
                    match self.checkpoint(&key) {
                        Ok(_) => found.checkpoints += 1,
                        Err(error) => found.damage(&format!("checkpoint of {key}"), &error),
                    }
                }
            }
        }
        match self.interfaces() {
            Ok(all) => found.interfaces = all.len() as u64,
            Err(error) => found.damage("the interfaces", &error),
        }
        self.survey_structure(&mut found);
        found
    }

    /// What SQLite itself finds: pages and indices.
    fn survey_structure(&self, found: &mut Survey) {
        match self.list("PRAGMA integrity_check(20)", [], |row| row.get::<_, String>(0)) {
            Err(error) => found.damage("the structure of run.sqlite", &error),
            Ok(lines) => {
                for (number, line) in lines.iter().filter(|line| *line != "ok").enumerate() {
                    let what = format!("the structure of run.sqlite, finding {}", number + 1);
                    found.damaged.insert(what, line.lines().next().unwrap_or_default().to_owned());
                }
            }
        }
    }

    /// What expressions ask beside the columns of an episode.
    fn survey_tables(&self, row: &crate::EpisodeSummary, record: &crate::EpisodeRecord, found: &mut Survey) {
        let turns = record.diagnosis.iter().flat_map(|diagnosis| &diagnosis.turns);
        let labels: Vec<(String, bool)> =
            turns.map(|turn| (turn.label.name().to_owned(), turn.cascaded_from.is_some())).collect();
        match self.labels(row.row) {
            Ok(stored) if stored == labels => {}
            Ok(_) => drop(found.damaged.insert(format!("labels of {}", row.name), "they were altered".to_owned())),
            Err(error) => found.damage(&format!("labels of {}", row.name), &error),
        }
        if self.format < 2 {
            return;
        }
        let sql = "SELECT tool, error, calls FROM tools WHERE episode = ?1 ORDER BY tool, error";
        let read = |row: &rusqlite::Row<'_>| Ok(((row.get(0)?, row.get(1)?), row.get(2)?));
        let tools: Vec<((String, String), u32)> = crate::commit::tools(&record.episode)
            .into_iter()
            .map(|((tool, error), calls)| ((tool.to_owned(), error.to_owned()), calls))
            .collect();
        match self.list(sql, [row.row], read) {
            Ok(stored) if stored == tools => {}
            Ok(_) => drop(found.damaged.insert(format!("tools of {}", row.name), "they were altered".to_owned())),
            Err(error) => found.damage(&format!("tools of {}", row.name), &error),
        }
    }

    /// Row by row, because one damaged page ends every query that comes across it.
    fn survey_episodes(&self, found: &mut Survey) {
        let sql = format!("SELECT {SUMMARY} FROM episodes WHERE id >= ?1 ORDER BY id LIMIT 1");
        let (mut next, mut in_vain) = (1, 0);
        loop {
            let read = || -> Result<Option<crate::EpisodeSummary>> {
                Ok(self.db.prepare_cached(&sql)?.query_row([next], summary).optional()?)
            };
            match read() {
                Ok(None) => return,
                Ok(Some(row)) => {
                    in_vain = 0;
                    next = row.row + 1;
                    match self.record(&row) {
                        Ok(record) => {
                            found.episodes += 1;
                            self.survey_tables(&row, &record, found);
                        }
                        Err(error) => found.damage(&format!("episode {}", row.name), &error),
                    }
                    self.survey_branches(&row, found);
                }
                Err(error) => {
                    if in_vain == 0 {
                        found.damage(&format!("episodes from row {next} on"), &error);
                    }
                    in_vain += 1;
                    next += 1;
                    if in_vain > MOST_IN_VAIN {
                        return;
                    }
                }
            }
        }
    }

    fn survey_branches(&self, episode: &crate::EpisodeSummary, found: &mut Survey) {
        match self.branches(episode) {
            Err(error) => found.damage(&format!("branches of {}", episode.name), &error),
            Ok(branches) => {
                for branch in branches {
                    match self.branch(episode, branch.number) {
                        Ok(_) => found.branches += 1,
                        Err(error) => found.damage(&format!("branch {}~{}", episode.name, branch.number), &error),
                    }
                }
            }
        }
    }
}

impl Survey {
    fn damage(&mut self, what: &str, error: &crate::TraceError) {
        let reason = error.to_string();
        let first = reason.lines().next().unwrap_or_default().to_owned();
        self.damaged.insert(what.to_owned(), first);
    }
}
