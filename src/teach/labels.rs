//! Names of classes from labels.

/// The classes of labels, sorted by name, and the place of each label among them.
pub fn classes<'a>(labels: impl Iterator<Item = &'a str> + Clone) -> (Vec<String>, Vec<usize>) {
    let mut classes: Vec<String> = labels.clone().map(str::to_owned).collect();
    classes.sort();
    classes.dedup();
    let place = |label: &str| classes.partition_point(|class| class.as_str() < label);
    let places = labels.map(place).collect();
    (classes, places)
}

/// A class's name as it stands in a prompt: `tiger_shark` is a tiger shark.
pub fn in_prompt(class: &str) -> String {
    class.replace('_', " ")
}
