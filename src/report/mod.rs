//! The report of one run or several: one HTML page that needs nothing else, or the same page served while runs go on.
//!
//! The page is static text with the figures embedded as JSON; its script draws them with a vendored plot library, so that a
//! report can be mailed, printed and opened without a network. `data` says what every figure is.

mod across;
mod data;
mod example;
mod live;

use std::path::PathBuf;

use coevo_trace::RunFile;
use serde::Serialize;

pub use live::serve;

use across::{AcrossArm, across};
use data::RunReport;

use crate::command::Failure;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const CHARTS: &str = include_str!("charts.js");
const STUDY: &str = include_str!("study.js");
const D3: &str = include_str!("vendor/d3.min.js");
const PLOT: &str = include_str!("vendor/plot.umd.min.js");

/// Everything a page shows.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Of the program that made the page.
    pub version: &'static str,
    pub runs: Vec<RunReport>,
    pub across: Option<Vec<AcrossArm>>,
}

impl Report {
    /// Reads runs, finished or not.
    ///
    /// # Errors
    /// Where one of them cannot be read.
    pub fn of(folders: &[PathBuf]) -> Result<Self, Failure> {
        let read = |folder: &PathBuf| {
            let run = RunFile::open_read_only(folder)?;
            RunReport::of(&run, &folder.display().to_string())
        };
        let runs: Vec<RunReport> = folders.iter().map(read).collect::<Result<_, Failure>>()?;
        Ok(Self { version: env!("CARGO_PKG_VERSION"), across: across(&runs), runs })
    }

    /// As the page embeds it. `<` is escaped: recorded text must not end the script element it stands in.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("our own types serialize").replace('<', "\\u003c")
    }
}

/// The whole page. `live`: it asks its server for new figures.
pub fn page(report: &Report, live: bool) -> String {
    let names: Vec<&str> = report.runs.iter().map(|run| run.scenario.as_str()).collect();
    let title = match &names[..] {
        [one] => format!("{one}: Coevo report"),
        more => format!("{} runs: Coevo report", more.len()),
    };
    let parts = [
        ("{{title}}", title.replace('&', "&amp;").replace('<', "&lt;")),
        ("{{live}}", live.to_string()),
        ("{{style}}", STYLE.to_owned()),
        ("{{d3}}", D3.to_owned()),
        ("{{plot}}", PLOT.to_owned()),
        ("{{charts}}", CHARTS.to_owned()),
        ("{{study}}", STUDY.to_owned()),
        ("{{script}}", SCRIPT.to_owned()),
        ("{{data}}", report.json()),
    ];
    // One pass over the template: what is put in is not searched for placeholders again.
    let mut page = String::with_capacity(1 << 20);
    let mut rest = PAGE;
    while let Some(start) = rest.find("{{") {
        page.push_str(&rest[..start]);
        let end = start + rest[start..].find("}}").expect("the template closes its placeholders") + 2;
        let part = parts.iter().find(|(name, _)| *name == &rest[start..end]);
        page.push_str(&part.expect("the template has known placeholders").1);
        rest = &rest[end..];
    }
    page.push_str(rest);
    page
}
