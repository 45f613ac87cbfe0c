//! Tells what is being done and how long it took before.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::LazyLock,
    time::{Duration, Instant},
};

use crate::{
    Result, cache,
    process::{root, say},
};

/// A piece of work that takes long enough to be told of.
pub(crate) struct Work<'a> {
    /// Its name in the file of measured times.
    pub name: &'a str,
    pub what: &'a str,
    /// How long it takes in a fresh clone on two cores: told until this machine has done it.
    pub on_two_cores: Duration,
}

impl Work<'_> {
    /// Does the work; says before how long it took last time, and after how long it took now.
    pub(crate) fn run<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        say(&format!("{} ({})", self.what, self.forecast()));
        let begun = Instant::now();
        let done = work()?;
        let took = begun.elapsed();
        println!("== {}: done in {}", self.what, in_words(took));
        keep(&self.key(), took);
        Ok(done)
    }

    fn forecast(&self) -> String {
        match times().get(&self.key()) {
            Some(time) => format!("{} last time", in_words(*time)),
            None => format!("about {} on two cores", in_words(self.on_two_cores)),
        }
    }

    /// A fresh clone compiles all dependencies: its times are kept apart.
    fn key(&self) -> String {
        match is_fresh() {
            true => format!("{} in a fresh clone", self.name),
            false => self.name.to_owned(),
        }
    }
}

/// Whether this clone had no page when the command began.
fn is_fresh() -> bool {
    static FRESH: LazyLock<bool> = LazyLock::new(|| !root().join("dist/index.html").is_file());
    *FRESH
}

/// The file that holds how long work took on this machine.
fn file() -> Option<PathBuf> {
    Some(cache::folder().ok()?.join("times.txt"))
}

fn times() -> BTreeMap<String, Duration> {
    let text = file().and_then(|file| fs::read_to_string(file).ok());
    parse(&text.unwrap_or_default())
}

/// Keeps a time. Nothing depends on it: where it cannot be kept, the next run says less.
fn keep(name: &str, took: Duration) {
    let Some(file) = file() else { return };
    let mut times = times();
    times.insert(name.to_owned(), took);
    let lines = times.iter().map(|(name, time)| line(name, *time));
    if let Some(folder) = file.parent() {
        let _ = fs::create_dir_all(folder);
    }
    let _ = fs::write(&file, lines.collect::<String>());
}

fn line(name: &str, time: Duration) -> String {
    format!("{name}\t{:.1}\n", time.as_secs_f64())
}

/// Reads lines of a name and seconds; leaves out what it cannot read.
fn parse(text: &str) -> BTreeMap<String, Duration> {
    let times = text.lines().filter_map(|line| {
        let (name, seconds) = line.split_once('\t')?;
        let time = Duration::try_from_secs_f64(seconds.parse().ok()?).ok()?;
        Some((name.to_owned(), time))
    });
    times.collect()
}

/// A time as one says it: `0.4 s`, `38 s`, `2 min 10 s`.
pub(crate) fn in_words(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let seconds = seconds.round() as u64;
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::{in_words, line, parse};
    use std::time::Duration;

    #[test]
    fn times_are_said_in_words() {
        let words = |seconds| in_words(Duration::from_secs_f64(seconds));
        assert_eq!(words(0.42), "0.4 s");
        assert_eq!(words(9.96), "10 s");
        assert_eq!(words(59.7), "1 min");
        assert_eq!(words(130.2), "2 min 10 s");
    }

    #[test]
    fn kept_times_come_back() {
        let text =
            line("trunk", Duration::from_secs(158)) + &line("page", Duration::from_millis(400));
        let times = parse(&text);
        assert_eq!(times["trunk"], Duration::from_secs(158));
        assert_eq!(times["page"], Duration::from_millis(400));
    }

    #[test]
    fn lines_that_say_no_time_are_left_out() {
        let text = "page\nlint\tsoon\nnative\t-1\nwasm\tinf\ntrunk\t2.5\n";
        let times = parse(text);
        assert_eq!(times.keys().collect::<Vec<_>>(), ["trunk"]);
    }
}
