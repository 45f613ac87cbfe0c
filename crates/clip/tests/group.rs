//! A model that several workers compute together, here in one thread: what each sends passes through
//! the text and the numbers that would be posted.

use crate::captions::{VOCABULARY, image, options, text};
use crate::formula::FormulaFile;
use crate::parity::{Bound, compare};
use crate::tiny::{tiny, tiny_mammut};
use crate::{MAMMUT_S, VIT_B, VIT_S};
use pollster::block_on;
use refit_clip::backend::ComputeError;
use refit_clip::backend::cpu::Cpu;
use refit_clip::backend::group::{Group, Peer, Rank, Reply, Segment, Shard};
use refit_clip::caption::{Caption, Decoding};
use refit_clip::{ClipError, Model};
use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;

struct InThread {
    shard: RefCell<Shard>,
    /// Segments after which it answers no more.
    lives: Cell<usize>,
}

impl Peer for InThread {
    fn send(&self, segment: &Segment) -> Reply {
        let answer = match self.lives.get().checked_sub(1) {
            None => Err(lost()),
            Some(lives) => {
                self.lives.set(lives);
                let (numbers, lists) = (segment.numbers.clone(), segment.lists.clone());
                Segment::new(&segment.operations(), numbers, lists)
                    .and_then(|segment| self.shard.borrow_mut().run(&segment))
            }
        };
        Box::pin(std::future::ready(answer))
    }
}

fn lost() -> ComputeError {
    ComputeError::Lost {
        reason: "killed".to_owned(),
    }
}

fn group_that_lives(size: usize, lives: usize) -> Group<InThread> {
    let peer = |rank| InThread {
        shard: RefCell::new(Shard::new(Rank { rank, size }, Cpu::with_threads(1))),
        lives: Cell::new(lives),
    };
    Group::new((1..size).map(peer).collect())
}

fn group(size: usize) -> Group<InThread> {
    group_that_lives(size, usize::MAX)
}

#[test]
fn two_workers_compute_a_vit_b_32() {
    block_on(compare(group(2), VIT_B, Bound::Rounding));
}

#[test]
fn workers_compute_a_vit_s_32() {
    // Six heads: with five workers one has two, with eight two have none.
    for size in [3, 5, 8] {
        block_on(compare(group(size), VIT_S, Bound::Rounding));
    }
}

#[test]
fn workers_compute_a_mammut_and_its_captions() {
    for size in [2, 8] {
        block_on(compare(group(size), MAMMUT_S, Bound::Rounding));
    }
}

/// What a tiny MaMMUT gives.
#[derive(Debug, PartialEq)]
struct Given {
    numbers: Vec<Vec<f32>>,
    captions: Vec<Caption>,
    likelihoods: Vec<f64>,
}

async fn give<B: refit_clip::backend::Backend>(backend: B) -> Given {
    let mut file = FormulaFile::new(tiny_mammut(VOCABULARY, 6));
    let load = Model::load(backend, &mut file, options(true), |_| {});
    let model = load.await.unwrap();
    let texts = [text(&[10, 3, 11]), text(&[10, 4, 5, 11])];
    let mut numbers = model.encode_images(&[image(), image()]).await.unwrap();
    numbers.extend(model.encode_texts(&texts).await.unwrap());
    let mut captions = Vec::new();
    for decoding in [
        Decoding::GREEDY,
        Decoding::Beam {
            beams: 3,
            length_penalty: 0.0,
        },
    ] {
        let go_on = async |_: &[u32]| ControlFlow::Continue(());
        let image = image();
        let caption = model.caption(&image, decoding, 6, go_on);
        captions.push(caption.await.unwrap());
    }
    Given {
        numbers,
        captions,
        likelihoods: model.log_likelihoods(&image(), &texts).await.unwrap(),
    }
}

#[test]
fn the_number_of_workers_changes_nothing_but_rounding() {
    let alone = block_on(give(Cpu::with_threads(1)));
    for size in 1..=8 {
        let together = block_on(give(group(size)));
        let pairs = alone.numbers.iter().flatten();
        let pairs = pairs.zip(together.numbers.iter().flatten());
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst <= 1e-6, "{size}: {worst:e}");
        for (a, b) in alone.captions.iter().zip(&together.captions) {
            assert_eq!((&a.ids, a.has_ended), (&b.ids, b.has_ended), "{size}");
            assert!((a.log_likelihood - b.log_likelihood).abs() < 1e-5);
        }
        for (a, b) in alone.likelihoods.iter().zip(&together.likelihoods) {
            assert!((a - b).abs() < 1e-5, "{size}: {a} {b}");
        }
        // The same group always computes the same.
        assert_eq!(together, block_on(give(group(size))), "{size}");
    }
}

#[test]
fn a_worker_that_dies_is_an_error_wherever_it_is() {
    // Alive as long as it needs, at every earlier segment dead.
    let mut lives = 0;
    loop {
        let mut file = FormulaFile::new(tiny(VOCABULARY, 6));
        let load = Model::load(
            group_that_lives(3, lives),
            &mut file,
            options(false),
            |_| {},
        );
        let result = block_on(async {
            let model = load.await?;
            model.encode_images(&[image()]).await
        });
        match result {
            Err(error) => assert_eq!(error, ClipError::Compute(lost())),
            Ok(_) => break,
        }
        lives += 1;
    }
    assert!(lives > 8, "{lives}");
}

#[test]
fn a_segment_that_does_not_fit_is_refused() {
    let mut shard = Shard::new(Rank { rank: 1, size: 2 }, Cpu::with_threads(1));
    for operations in [
        "",
        "[]x",
        r#"[{"Send":{"x":7}}]"#,
        r#"[{"Weights":{"id":1,"inputs":4,"outputs":4,"layout":"OutputsByInputs"}}]"#,
        r#"[{"Linear":{"x":null,"rows":1,"weights":9,"epilogue":"Add","out":2}}]"#,
        r#"[{"GatherRows":{"x":1,"rows":4,"out":2}}]"#,
    ] {
        let segment = Segment::new(operations, vec![1.0; 3], vec![0; 3]);
        let answer = segment.and_then(|segment| shard.run(&segment));
        assert!(
            matches!(answer, Err(ComputeError::Refused { .. })),
            "{operations}"
        );
    }
}
