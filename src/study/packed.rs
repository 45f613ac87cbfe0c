//! Rows and architectures as one text and a list of numbers: programs of the page have memories of
//! their own, and hand rows to each other in this form.

use super::Measurement;
use super::architecture::ArchitectureCost;
use std::collections::BTreeMap;

/// Every name once, between separators; rows and architectures as numbers, names by their place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Packed {
    pub names: String,
    pub numbers: Vec<f64>,
}

/// ASCII's unit separator; a name that has it gets a blank.
const SEPARATOR: char = '\u{1f}';
/// Numbers of a row: eight names; samples seen, parameters, compute and the value's
/// standard error (NaN where not known); value; 1 where it is a reader's own.
const ROW: usize = 14;
/// Numbers of an architecture: two names, image size, compute, three counts of parameters.
const ARCHITECTURE: usize = 7;

pub fn pack(rows: &[Measurement], architectures: &[ArchitectureCost]) -> Packed {
    let mut names = Names::default();
    let mut numbers = Vec::with_capacity(1 + ROW * rows.len() + ARCHITECTURE * architectures.len());
    numbers.push(rows.len() as f64);
    for m in rows {
        let texts = [
            &m.run,
            &m.family,
            &m.architecture,
            &m.pretrain,
            &m.schedule,
            &m.samples,
            &m.dataset,
            &m.metric,
        ];
        numbers.extend(texts.map(|text| names.place(text)));
        let known = [m.samples_seen, m.parameters, m.compute, m.standard_error];
        numbers.extend(known.map(|x| x.unwrap_or(f64::NAN)));
        numbers.extend([m.value, f64::from(u8::from(m.own))]);
    }
    for a in architectures {
        numbers.extend([&a.family, &a.name].map(|text| names.place(text)));
        numbers.extend([f64::from(a.image_size), a.compute_per_sample]);
        numbers.extend(a.mparams);
    }
    Packed {
        names: names.all,
        numbers,
    }
}

#[derive(Default)]
struct Names {
    all: String,
    places: BTreeMap<String, usize>,
}

impl Names {
    fn place(&mut self, name: &str) -> f64 {
        if let Some(place) = self.places.get(name) {
            return *place as f64;
        }
        let place = self.places.len();
        if place > 0 {
            self.all.push(SEPARATOR);
        }
        self.all.push_str(&name.replace(SEPARATOR, " "));
        self.places.insert(name.to_owned(), place);
        place as f64
    }
}

/// What [`pack`] was given; `None` where it is something else.
pub fn unpack(names: &str, numbers: &[f64]) -> Option<(Vec<Measurement>, Vec<ArchitectureCost>)> {
    let names: Vec<&str> = names.split(SEPARATOR).collect();
    let name = |place: f64| Some((*names.get(place as usize)?).to_owned());
    let (count, numbers) = numbers.split_first()?;
    let (rows, architectures) = numbers.split_at_checked(ROW * *count as usize)?;
    let mut unpacked = (Vec::new(), Vec::new());
    for n in rows.chunks_exact(ROW) {
        unpacked.0.push(Measurement {
            run: name(n[0])?,
            family: name(n[1])?,
            architecture: name(n[2])?,
            pretrain: name(n[3])?,
            schedule: name(n[4])?,
            samples: name(n[5])?,
            dataset: name(n[6])?,
            metric: name(n[7])?,
            samples_seen: Some(n[8]).filter(|x| !x.is_nan()),
            parameters: Some(n[9]).filter(|x| !x.is_nan()),
            compute: Some(n[10]).filter(|x| !x.is_nan()),
            standard_error: Some(n[11]).filter(|x| !x.is_nan()),
            value: n[12],
            own: n[13] > 0.0,
        });
    }
    for n in architectures.chunks_exact(ARCHITECTURE) {
        unpacked.1.push(ArchitectureCost {
            family: name(n[0])?,
            name: name(n[1])?,
            image_size: n[2] as u32,
            compute_per_sample: n[3],
            mparams: [n[4], n[5], n[6]],
        });
    }
    Some(unpacked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{Table, bundled};

    #[test]
    fn what_is_packed_comes_back() {
        for table in Table::bundled() {
            let (rows, architectures) = bundled::read(table);
            let packed = pack(&rows, &architectures);
            let back = unpack(&packed.names, &packed.numbers);
            assert_eq!(back, Some((rows, architectures)));
        }
        assert_eq!(unpack("", &[]), None);
        assert_eq!(unpack("a", &[2.0, 0.0]), None);
        assert_eq!(unpack("a", &[0.0]), Some((Vec::new(), Vec::new())));
    }
}
