//! The terminal's options for the keys of an analysis.

use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};
use refit::analysis::{Analysis, KEYS, Key, Values};

/// The options of the keys about resampling (`RESAMPLING`), or of all others.
pub(crate) struct KeyOptions<const RESAMPLING: bool> {
    given: Vec<(&'static Key, Vec<String>)>,
}

/// Keys of a bootstrap's choices.
const RESAMPLING_KEYS: [&str; 4] = ["resample", "resamples", "seed", "ends"];

fn keys(resampling: bool) -> impl Iterator<Item = &'static Key> {
    let offered = KEYS.iter().filter(|key| !key.help.is_empty());
    offered.filter(move |key| RESAMPLING_KEYS.contains(&key.name) == resampling)
}

impl<const RESAMPLING: bool> KeyOptions<RESAMPLING> {
    pub(crate) fn values(&self, name: &str) -> Option<&[String]> {
        let given = self.given.iter().find(|(key, _)| key.name == name);
        given.map(|(_, values)| values.as_slice())
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.values(name)?.first().map(String::as_str)
    }

    /// Makes the choices that were given. The table is chosen before: it sets the defaults.
    pub(crate) fn apply(&self, analysis: &mut Analysis) {
        let given = self.given.iter().filter(|(key, _)| key.name != "table");
        for (key, values) in given {
            read(key, values, analysis);
        }
    }
}

fn read(key: &Key, values: &[String], analysis: &mut Analysis) -> bool {
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    match key.values {
        Values::One | Values::List => (key.read)(analysis, &values),
        Values::Each => values.iter().all(|value| (key.read)(analysis, &[value])),
    }
}

impl<const RESAMPLING: bool> Args for KeyOptions<RESAMPLING> {
    fn augment_args(command: Command) -> Command {
        command.args(keys(RESAMPLING).map(|key| {
            let argument = Arg::new(key.name)
                .long(key.name)
                .value_name("VALUE")
                .help(key.help)
                .action(match key.values {
                    Values::One => ArgAction::Set,
                    Values::List | Values::Each => ArgAction::Append,
                });
            match key.choices {
                Some(choices) => argument.value_parser(PossibleValuesParser::new(choices())),
                None => argument,
            }
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<const RESAMPLING: bool> FromArgMatches for KeyOptions<RESAMPLING> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut given = Vec::new();
        for key in keys(RESAMPLING) {
            let Some(values) = matches.get_many::<String>(key.name) else {
                continue;
            };
            let values: Vec<String> = values.cloned().collect();
            // A table is looked up in its study, later.
            if key.name != "table" && !read(key, &values, &mut Analysis::default()) {
                let message = format!(
                    "invalid value “{}” for --{}: {}\n",
                    values.join(", "),
                    key.name,
                    key.help
                );
                return Err(Error::raw(ErrorKind::InvalidValue, message));
            }
            given.push((key, values));
        }
        Ok(KeyOptions { given })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = KeyOptions::from_arg_matches(matches)?;
        Ok(())
    }
}
