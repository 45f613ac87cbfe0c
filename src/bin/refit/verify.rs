//! `refit verify`: every published number and its verdict.

use crate::data;
use crate::say;
use refit::claim::{self, Check, Verdict};
use refit::study::Study;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A bundled study, or a folder with a study.json [default: all bundled studies]
    #[arg(long)]
    study: Option<String>,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    /// Do not list reproduced numbers
    #[arg(long)]
    brief: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let studies = match &arguments.study {
        Some(name) => vec![data::study(name)?],
        None => Study::bundled(),
    };
    let checks = claim::verify(data::printed(&studies)?, data::library()?);
    if arguments.json {
        return say::json(&checks);
    }
    for check in &checks {
        if !(arguments.brief && check.verdict == Verdict::Reproduced) {
            print_check(check);
        }
    }
    say!("");
    let printed = || checks.iter().filter(|c| !c.whole_law);
    for verdict in Verdict::ALL {
        let count = printed().filter(|c| c.verdict == verdict).count();
        say!("{count:>4} {}", verdict.title());
    }
    let all = printed().count();
    say!(
        "{all:>4} printed numbers; {} laws as curves besides",
        checks.len() - all
    );
    Ok(())
}

pub(crate) fn print_check(check: &Check) {
    let recomputed = check
        .recomputed
        .map_or("–".to_owned(), |r| format!("{r:.8}"));
    say!(
        "{:<22} {:>12} {:>18}  {}",
        check.verdict.title(),
        check.printed_text,
        recomputed,
        check.quantity
    );
    if !check.note.is_empty() && check.verdict != Verdict::Uncheckable {
        say!("{:<22} {}", "", check.note);
    }
}
