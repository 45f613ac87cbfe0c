//! `refit findings`: what re-running the authors' analyses shows.

use crate::data;
use crate::say;
use refit::finding;
use refit::study::Study;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let (printed, library) = (data::printed(&Study::bundled())?, data::library()?);
    let findings = finding::all()
        .iter()
        .map(|recompute| recompute(&printed, &library).map_err(|e| e.to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    if arguments.json {
        return say::json(&findings);
    }
    for (i, finding) in findings.iter().enumerate() {
        say!("{}. {} ({})", i + 1, finding.title, finding.study.id);
        say!("   {}", finding.text);
        say!(
            "   {:<58} {:>22} | {}",
            "",
            finding.released,
            finding.corrected
        );
        for row in &finding.rows {
            say!(
                "   {:<58} {:>22} | {}",
                row.what,
                row.released,
                row.corrected
            );
        }
        say!("   {}\n", finding.changes);
    }
    Ok(())
}
