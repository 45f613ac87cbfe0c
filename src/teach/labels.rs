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

/// A name for a head that nobody named: after the set or the classes, with the images of each class.
pub fn head_name(set: Option<&str>, classes: &[String], labels: &[usize]) -> String {
    let what = match (set.map(str::trim).filter(|set| !set.is_empty()), classes) {
        (Some(set), _) => set.to_owned(),
        (None, few) if few.len() <= NAMED => few.join(", "),
        (None, many) => format!(
            "{} and {} more",
            many[..NAMED].join(", "),
            many.len() - NAMED
        ),
    };
    let counts = (0..classes.len()).map(|class| labels.iter().filter(|l| **l == class).count());
    let counts: Vec<usize> = counts.collect();
    match (counts.iter().min(), counts.iter().max()) {
        (Some(least), Some(most)) if least == most => format!("{what}, {least} a class"),
        (Some(least), Some(most)) => format!("{what}, {least} to {most} a class"),
        _ => what,
    }
}

/// Classes that a head's name names.
const NAMED: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_named_after_what_taught_it() {
        let named = |set, names: &str, labels: &[usize]| {
            let classes: Vec<String> = names.split(' ').map(str::to_owned).collect();
            head_name(set, &classes, labels)
        };
        assert_eq!(named(None, "cat dog", &[0, 1, 1, 0]), "cat, dog, 2 a class");
        assert_eq!(
            named(Some("pets"), "cat dog", &[0, 1, 1]),
            "pets, 1 to 2 a class"
        );
        let many = named(Some(" "), "a b c d e", &[0, 1, 2, 3, 4]);
        assert_eq!(many, "a, b, c and 2 more, 1 a class");
    }
}
