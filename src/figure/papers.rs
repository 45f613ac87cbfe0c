//! The papers' figures as analyses of the bundled measurements.
//!
//! The comparison study's figures are numbered as its released scripts are (`scripts/fig*.sh`),
//! which also set thresholds, frontiers and schedules.

use crate::analysis::drawing::Drawing;
use crate::analysis::{Analysis, from_query};
use crate::study::Study;
use crate::study::Study::{Comparison, Openclip};

/// A figure that the bundled data can draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    pub study: Study,
    /// Where it stands, as far as the release tells.
    pub place: &'static str,
    pub title: &'static str,
    /// What it shows.
    pub sentence: &'static str,
    /// The analysis and its drawing, as in a link.
    pub query: &'static str,
    /// Printed laws (`data/printed/coefficients.csv`).
    pub laws: &'static [&'static str],
}

impl Figure {
    pub fn analysis(&self) -> Analysis {
        from_query(self.query, &[]).0
    }

    pub fn drawing(&self) -> Drawing {
        Drawing::from_query(self.query)
    }
}

/// A figure that they cannot draw, and why.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Absent {
    pub study: Study,
    pub title: &'static str,
    pub reason: &'static str,
}

const fn figure(
    study: Study,
    place: &'static str,
    title: &'static str,
    sentence: &'static str,
    query: &'static str,
    laws: &'static [&'static str],
) -> Figure {
    Figure {
        study,
        place,
        title,
        sentence,
        query,
        laws,
    }
}

pub const PAPERS: &[Figure] = &[
    figure(
        Comparison,
        "fig. 1",
        "CLIP and MaMMUT on ImageNet-1k, from the printed figure’s own points",
        "The points that the printed laws were fitted to, read back from the figure: MaMMUT starts behind CLIP and passes it at about 7 × 10¹⁰ GFLOPs.",
        "table=plotted_frontier&at=2.14e12&at=2.59e12",
        &["cmp-fig1-imagenet-clip", "cmp-fig1-imagenet-mammut"],
    ),
    figure(
        Comparison,
        "fig. 1",
        "CLIP and MaMMUT on ImageNet-1k, from the released sweep",
        "The same comparison from the best run of every hyper-parameter sweep, which was released with three decimals.",
        "at=2.14e12&at=2.59e12",
        &[],
    ),
    figure(
        Comparison,
        "fig. 1",
        "CLIP and MaMMUT on MS-COCO image retrieval",
        "Retrieval gives the same order as classification: MaMMUT is the lower law at large compute.",
        "dataset=mscoco_captions&metric=image_retrieval_recall@5",
        &[],
    ),
    figure(
        Comparison,
        "fig. 1",
        "CLIP and MaMMUT on MS-COCO text retrieval",
        "The other direction of retrieval, from the same runs.",
        "dataset=mscoco_captions&metric=text_retrieval_recall@5",
        &[],
    ),
    figure(
        Comparison,
        "fig. 2",
        "CLIP and MaMMUT on Re-LAION, ImageNet-1k",
        "The comparison holds on another open pre-training set: MaMMUT passes CLIP at about 9.5 × 10¹⁰ GFLOPs.",
        "pretrain=relaion2b-en",
        &[],
    ),
    figure(
        Comparison,
        "fig. 2",
        "CLIP and MaMMUT on Re-LAION, MS-COCO image retrieval",
        "On retrieval, too, and sooner: MaMMUT passes CLIP at about 2.8 × 10¹⁰ GFLOPs.",
        "pretrain=relaion2b-en&dataset=mscoco_captions&metric=image_retrieval_recall@5",
        &[],
    ),
    figure(
        Comparison,
        "fig. 3",
        "Sample efficiency on ImageNet-1k",
        "Error against samples seen, whatever the model: the lowest error that so many samples gave.",
        "axis=samples&frontier=pareto&threshold=none",
        &[],
    ),
    figure(
        Comparison,
        "fig. 3",
        "Sample efficiency on MS-COCO image retrieval",
        "The same on retrieval.",
        "dataset=mscoco_captions&metric=image_retrieval_recall@5&axis=samples&frontier=pareto&threshold=none",
        &[],
    ),
    figure(
        Comparison,
        "fig. 4",
        "Constant learning rate, ImageNet-1k",
        "A run at a constant rate gives a point wherever it is stopped, at a fraction of the cost; the order of the two laws is what to compare with fig. 1.",
        "schedule=const",
        &[],
    ),
    figure(
        Comparison,
        "fig. 4",
        "Constant rate beside cosine, CLIP on ImageNet-1k",
        "What the decay of the cosine schedule is worth, point by point.",
        "family=clip&schedule=cosine,const",
        &[],
    ),
    figure(
        Comparison,
        "fig. 5",
        "CLIP by model",
        "A line for each model size: each saturates, and the frontier passes from one to the next.",
        "family=clip&lines=model",
        &[],
    ),
    figure(
        Comparison,
        "fig. 5",
        "MaMMUT by model",
        "The same for MaMMUT.",
        "family=mammut&lines=model",
        &[],
    ),
    figure(
        Comparison,
        "fig. 6",
        "The runs behind compute-optimal samples",
        "Which samples the lowest error took at each compute; the section “Parameters or samples?” below the figure draws D_opt(C) from them.",
        "frontier=pareto&lines=samples",
        &[],
    ),
    figure(
        Comparison,
        "fig. 7",
        "DataComp against Re-LAION, CLIP",
        "One procedure, two pre-training sets: the scaling law compares data. At 10¹¹ GFLOPs Re-LAION needs 4.3 times the compute for DataComp’s error.",
        "family=clip&pretrain=datacomp_1b,relaion2b-en",
        &[],
    ),
    figure(
        Comparison,
        "fig. 7",
        "DataComp against Re-LAION, MaMMUT",
        "The same for MaMMUT. At 10¹¹ GFLOPs Re-LAION needs 3.1 times the compute for DataComp’s error.",
        "family=mammut&pretrain=datacomp_1b,relaion2b-en",
        &[],
    ),
    figure(
        Comparison,
        "fig. 7",
        "DataComp against Re-LAION, CLIP on MS-COCO image retrieval",
        "On retrieval the order turns round: Re-LAION has the lower error. At 10¹¹ GFLOPs Re-LAION needs 0.87 times the compute for DataComp’s error.",
        "family=clip&pretrain=datacomp_1b,relaion2b-en&dataset=mscoco_captions&metric=image_retrieval_recall@5",
        &[],
    ),
    figure(
        Comparison,
        "fig. 8",
        "Segmentation: ADE20K after fine-tuning",
        "Every released run of the segmentation study; the laws cross twice, the second time beyond the data.",
        "table=segmentation",
        &[],
    ),
    figure(
        Comparison,
        "fig. 8",
        "Segmentation by model, CLIP",
        "A line for each model, the best run at each compute.",
        "table=segmentation&family=clip&lines=model",
        &[],
    ),
    figure(
        Comparison,
        "fig. 9",
        "CLIP and SigLIP on ImageNet-1k",
        "SigLIP’s sigmoid loss at small scales, law from runs up to 10¹⁰ GFLOPs. At 10⁹ GFLOPs SigLIP needs 1.1 times the compute for CLIP’s error.",
        "family=clip,siglip&threshold=1e10",
        &[],
    ),
    figure(
        Comparison,
        "fig. 9",
        "MaMMUT and CoCa on ImageNet-1k",
        "Two procedures with a captioning loss, law from runs up to 10¹⁰ GFLOPs. At 10⁹ GFLOPs MaMMUT needs 0.70 times the compute for CoCa’s error.",
        "family=coca,mammut&threshold=1e10",
        &[],
    ),
    figure(
        Comparison,
        "fig. 10",
        "ImageNet-R, from the printed figure’s own points",
        "The printed law of CLIP comes back; that of MaMMUT is not the optimum of its own points.",
        "table=plotted_frontier&dataset=imagenet-r",
        &["cmp-fig10-imagenet-r-clip", "cmp-fig10-imagenet-r-mammut"],
    ),
    figure(
        Comparison,
        "fig. 10",
        "ImageNet distribution shifts",
        "Mean over the sets that test robustness: MaMMUT passes CLIP at about 4.1 × 10¹⁰ GFLOPs.",
        "dataset=imagenet_distribution_shift",
        &[],
    ),
    figure(
        Comparison,
        "fig. 10",
        "DataComp’s average over 35 sets",
        "The broadest of the released evaluations: MaMMUT passes CLIP at about 8.1 × 10¹⁰ GFLOPs.",
        "dataset=datacomp_classification",
        &[],
    ),
    figure(
        Comparison,
        "fig. 12",
        "Fewer points: laws from runs up to 2.5 × 10¹¹ GFLOPs",
        "What the laws would have said four times earlier; the runs beyond are held out.",
        "threshold=2.5e11",
        &[],
    ),
    figure(
        Openclip,
        "fig. 1",
        "ImageNet-1k",
        "Models trained on OpenAI’s WIT improve faster with compute than those trained on LAION.",
        "table=zeroshot",
        &["oc-fig1-imagenet-laion", "oc-fig1-imagenet-wit"],
    ),
    figure(
        Openclip,
        "fig. 1",
        "ImageNet robustness",
        "Mean over five shifted test sets.",
        "table=zeroshot&dataset=imagenet_robustness",
        &["oc-fig1-robustness-laion", "oc-fig1-robustness-wit"],
    ),
    figure(
        Openclip,
        "fig. 1",
        "MS-COCO image retrieval",
        "On retrieval the order turns round: LAION’s law is the steeper.",
        "table=zeroshot&dataset=mscoco_captions&metric=image_retrieval_recall@5",
        &["oc-fig1-coco-laion", "oc-fig1-coco-wit"],
    ),
    figure(
        Openclip,
        "fig. 1",
        "Flickr30k image retrieval",
        "Retrieval on a second set.",
        "table=zeroshot&dataset=flickr30k&metric=image_retrieval_recall@5",
        &["oc-fig1-flickr-laion", "oc-fig1-flickr-wit"],
    ),
    figure(
        Openclip,
        "figures notebook",
        "MS-COCO text retrieval",
        "The other direction.",
        "table=zeroshot&dataset=mscoco_captions&metric=text_retrieval_recall@5",
        &[],
    ),
    figure(
        Openclip,
        "figures notebook",
        "Flickr30k text retrieval",
        "The other direction.",
        "table=zeroshot&dataset=flickr30k&metric=text_retrieval_recall@5",
        &[],
    ),
    figure(
        Openclip,
        "prediction plot",
        "ImageNet-1k up to 68B samples",
        "What the law predicts for models that were not trained: H/14 and g/14 at up to 68 billion samples seen.",
        "table=zeroshot&pretrain=LAION&at=ViT-H-14+at+34B&at=ViT-H-14+at+68B&at=ViT-g-14+at+34B&at=ViT-g-14+at+68B",
        &["oc-fig1-imagenet-laion"],
    ),
    figure(
        Openclip,
        "prediction plot",
        "MS-COCO image retrieval up to 68B samples",
        "The same on retrieval; table and prose of the paper print two different values for H/14 at 68B.",
        "table=zeroshot&dataset=mscoco_captions&metric=image_retrieval_recall@5&pretrain=LAION&at=ViT-H-14+at+68B&at=ViT-g-14+at+68B",
        &["oc-fig1-coco-laion"],
    ),
    figure(
        Openclip,
        "bottlenecks",
        "Samples seen as a bottleneck",
        "A line for each number of samples seen: with few samples larger models gain little.",
        "table=zeroshot&pretrain=LAION&lines=samples",
        &[],
    ),
    figure(
        Openclip,
        "bottlenecks",
        "Data as a bottleneck",
        "The same models on 80M, 400M and 2B pairs: small sets saturate.",
        "table=zeroshot&pretrain=LAION-80M,LAION-400M,LAION-2B&frontier=all",
        &[],
    ),
    figure(
        Openclip,
        "learning curves",
        "Learning curves of the 29 runs",
        "Every epoch of every run. The rate has not come down before the last epoch, so the law of these points is no scaling law; it shows what the decay is worth.",
        "table=learning_curves&axis=samples&lines=run&frontier=pareto",
        &[],
    ),
    figure(
        Openclip,
        "linear probes",
        "ImageNet-1k, linear probe on all shots",
        "A linear classifier on frozen features, best of its sweep.",
        "table=probes",
        &[],
    ),
    figure(
        Openclip,
        "linear probes",
        "ImageNet-1k, linear probe on 10 shots",
        "With few labels the features count for more.",
        "table=probes&metric=linear_probe_10_shot",
        &[],
    ),
    figure(
        Openclip,
        "linear probes",
        "VTAB, linear probe on all shots",
        "Mean over 19 sets.",
        "table=probes&dataset=vtab",
        &[],
    ),
];

pub const NOT_DRAWN: &[Absent] = &[
    Absent {
        study: Comparison,
        title: "DFN-1.4B as a third pre-training set",
        reason: "Its runs are only in the full sweep, which is not bundled.",
    },
    Absent {
        study: Comparison,
        title: "Fig. 10, ImageNet-V2 and further single sets",
        reason: "Their runs are only in the full sweep; of its figures only ImageNet-R’s points could be read back.",
    },
    Absent {
        study: Comparison,
        title: "Fig. 11, captioning-only training (Cap) against MaMMUT",
        reason: "Zero-shot by caption likelihood is only in the full sweep.",
    },
    Absent {
        study: Openclip,
        title: "Fine-tuning on ImageNet-1k and VTAB",
        reason: "The accuracies are printed (and listed in Verify); the measurements behind them were not released.",
    },
    Absent {
        study: Openclip,
        title: "Training cost and throughput",
        reason: "The released runs tell batch, GPUs and throughput, not energy; no law is fitted to them.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::comparison::Pair;
    use crate::analysis::{link, run};
    use crate::claim::{Library, Printed};
    use crate::study::DataError;
    use refit_fit::compare::Needed;

    fn read(path: &str) -> Result<String, DataError> {
        std::fs::read_to_string(path).map_err(|e| DataError::whole(path, e.to_string()))
    }

    #[test]
    fn every_figure_is_drawn_from_the_data() {
        let library = Library::read_all(read).unwrap();
        let printed = Printed::read(read).unwrap();
        for figure in PAPERS {
            let (mut analysis, notices) = from_query(figure.query, &[]);
            assert_eq!(notices, [], "{}", figure.title);
            assert_eq!(analysis.study(), figure.study, "{}", figure.title);
            let asked = analysis.clone();
            let rows = library.rows(analysis.table).unwrap();
            assert_eq!(analysis.settle(rows), [], "{}", figure.title);
            assert_eq!(analysis, asked);
            let outcome = run(&analysis, rows, library.architectures(figure.study));
            let series =
                analysis.families.len() * analysis.pretrains.len() * analysis.schedules.len();
            assert_eq!(outcome.series.len(), series, "{}", figure.title);
            for series in &outcome.series {
                assert!(series.fit.is_ok(), "{}: {:?}", figure.title, series.fit);
                let predicted = series.predictions.iter().all(Result::is_ok);
                assert!(predicted, "{}: {:?}", figure.title, series.predictions);
            }
            let drawing = figure.drawing();
            let picture = super::super::picture(&analysis, &outcome, rows, &drawing);
            assert!(picture.dots.len() > 4, "{}", figure.title);
            for law in figure.laws {
                assert!(printed.coefficients.iter().any(|c| c.law == *law), "{law}");
            }
            let link = link(&analysis, &drawing);
            assert_eq!(from_query(&link, &[]).0, analysis);
            assert_eq!(Drawing::from_query(&link), drawing);
        }
    }

    /// "9.5 × 10¹⁰ …" or "10¹¹ …", or a plain number.
    fn leading(text: &str) -> f64 {
        let digit = |c: char| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|s| s == c);
        let plain = |t: &str| t.split(' ').next().unwrap().parse::<f64>();
        let (mantissa, rest) = match text.split_once(" × 10") {
            Some((mantissa, rest)) if plain(mantissa).is_ok() => (mantissa, rest),
            _ => match text.strip_prefix("10") {
                Some(rest) if rest.starts_with(|c| digit(c).is_some()) => ("1", rest),
                _ => return plain(text).unwrap(),
            },
        };
        let exponent = rest.chars().map_while(digit).fold(0, |e, d| 10 * e + d);
        plain(mantissa).unwrap() * 10f64.powi(exponent as i32)
    }

    #[test]
    fn captions_say_what_the_data_show() {
        let library = Library::read_all(read).unwrap();
        let (mut crossed, mut needed) = (0, 0);
        for figure in PAPERS.iter().filter(|f| f.study == Comparison) {
            let analysis = figure.analysis();
            let rows = library.rows(analysis.table).unwrap();
            let outcome = run(&analysis, rows, library.architectures(figure.study));
            let [one, two, ..] = &outcome.series[..] else {
                continue;
            };
            let pair = Pair {
                a: one.fit.as_ref().unwrap(),
                b: two.fit.as_ref().unwrap(),
                resamples: None,
            };
            let (low, high) = outcome.range().unwrap();
            let crossings = pair.crossings((low, 30.0 * high));
            if let Some((_, at)) = figure.sentence.split_once("at about ") {
                let last = crossings.last().expect(figure.sentence);
                assert!(last.second_is_lower_beyond, "{}", figure.sentence);
                assert!((last.x / leading(at) - 1.0).abs() < 0.06, "{last:?} {at}");
                crossed += 1;
            }
            if let Some((at, times)) = figure.sentence.split_once(" needs ") {
                let at = at.rsplit_once("At ").unwrap().1;
                let Needed::At(real) = pair.times(leading(at)) else {
                    panic!("{}", figure.sentence)
                };
                // Two digits.
                assert!(
                    (real / leading(times) - 1.0).abs() < 0.02,
                    "{real} for {times}"
                );
                needed += 1;
            }
            if figure.sentence.contains("cross twice") {
                assert!(
                    crossings.len() == 2 && crossings[1].x > high,
                    "{crossings:?}"
                );
            }
        }
        assert_eq!((crossed, needed), (5, 5));
    }

    #[test]
    fn every_printed_law_stands_in_a_figure() {
        let printed = Printed::read(read).unwrap();
        for coefficient in &printed.coefficients {
            let found = PAPERS
                .iter()
                .any(|f| f.laws.contains(&coefficient.law.as_str()));
            assert!(found, "{}", coefficient.law);
        }
    }
}
