//! What a MaMMUT writes about a image, and how likely it finds what others wrote.

use super::decoder::{Decoder, Seen, Token, Written};
use super::model::{BATCH, ClipError, Model};
use super::preprocess::PixelValues;
use super::tokenizer::Tokens;
use super::weights::WeightsError;
use crate::backend::{Backend, PADDING, TopK};
use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// Tokens among which [`Decoding::Sample`] draws, at most.
const DRAWN_FROM: usize = 64;

/// How the next token is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Decoding {
    /// Keeps the so many likeliest beginnings; one is the greedy way. A caption's log-likelihood
    /// is divided by its length to the power of `length_penalty`, so that 0 favours short ones.
    Beam { beams: usize, length_penalty: f32 },
    /// Draws among the likeliest tokens that together have this `share` of the probability (of 64
    /// at most).
    Sample { share: f32, seed: u64 },
}

impl Decoding {
    /// The likeliest token each time.
    pub const GREEDY: Decoding = Decoding::Beam {
        beams: 1,
        length_penalty: 0.0,
    };

    fn check(self) -> Result<(), ClipError> {
        let reason = match self {
            Decoding::Beam { beams, .. } if !(1..=16).contains(&beams) => {
                format!("{beams} beams are not between 1 and 16")
            }
            Decoding::Beam { length_penalty, .. } if !length_penalty.is_finite() => {
                "the length penalty is no number".to_owned()
            }
            Decoding::Sample { share, .. } if !(share > 0.0 && share <= 1.0) => {
                format!("a share of {share} is not above 0 and at most 1")
            }
            _ => return Ok(()),
        };
        Err(ClipError::Decoding { reason })
    }
}

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Caption {
    /// Tokens between start and end.
    pub ids: Vec<u32>,
    /// The logarithm of its probability, the end's included where it has one.
    pub log_likelihood: f64,
    /// It came to an end by itself.
    pub has_ended: bool,
}

/// How log-likelihoods share out the probability that their captions have together.
pub fn shares(log_likelihoods: &[f64]) -> Vec<f64> {
    let max = log_likelihoods
        .iter()
        .fold(f64::NEG_INFINITY, |max, x| max.max(*x));
    let shares: Vec<f64> = log_likelihoods.iter().map(|x| (x - max).exp()).collect();
    let total: f64 = shares.iter().sum();
    shares.iter().map(|share| share / total).collect()
}

/// A token that may come next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    pub id: u32,
    pub logit: f32,
    pub log_probability: f32,
}

/// The beginning of a caption.
#[derive(Clone)]
struct Beginning {
    /// From the start on.
    ids: Vec<u32>,
    /// Where the tokens before the last lie.
    rows: Vec<u32>,
    log_likelihood: f64,
}

impl Beginning {
    /// By which beginnings and captions of different lengths compare.
    fn score(&self, length_penalty: f32) -> f64 {
        let written = (self.ids.len() - 1).max(1) as f64;
        self.log_likelihood / written.powf(f64::from(length_penalty))
    }

    fn followed_by(&self, id: u32, log_probability: f32) -> Beginning {
        let mut next = self.clone();
        next.ids.push(id);
        next.log_likelihood += f64::from(log_probability);
        next
    }

    fn finish(self, has_ended: bool) -> Caption {
        let end = self.ids.len() - usize::from(has_ended);
        Caption {
            ids: self.ids[1..end].to_vec(),
            log_likelihood: self.log_likelihood,
            has_ended,
        }
    }
}

/// A search under way: beginnings that go on, and those that ended.
struct Search {
    decoding: Decoding,
    end: u32,
    random: SplitMix64,
    open: Vec<Beginning>,
    ended: Vec<Beginning>,
}

impl Search {
    /// So many of the likeliest tokens are looked at.
    fn looked_at(&self) -> usize {
        match self.decoding {
            // As many may end as go on.
            Decoding::Beam { beams, .. } => 2 * beams,
            Decoding::Sample { .. } => DRAWN_FROM,
        }
    }

    fn advance(&mut self, tops: &[TopK]) {
        match self.decoding {
            Decoding::Beam {
                beams,
                length_penalty,
            } => self.widen(tops, beams, length_penalty),
            Decoding::Sample { share, .. } => self.draw(tops, share),
        }
    }

    fn widen(&mut self, tops: &[TopK], beams: usize, length_penalty: f32) {
        let mut next: Vec<(usize, u32, f32, f64)> = Vec::new();
        for (i, (beginning, top)) in self.open.iter().zip(tops).enumerate() {
            for (id, logit) in &top.largest {
                let log_probability = logit - top.log_sum;
                let total = beginning.log_likelihood + f64::from(log_probability);
                next.push((i, *id, log_probability, total));
            }
        }
        next.sort_by(|a, b| b.3.total_cmp(&a.3));
        let mut open = Vec::with_capacity(beams);
        for (i, id, log_probability, _) in next {
            let longer = self.open[i].followed_by(id, log_probability);
            match id == self.end {
                true => self.ended.push(longer),
                false => open.push(longer),
            }
            if open.len() == beams {
                break;
            }
        }
        let score = |beginning: &Beginning| beginning.score(length_penalty);
        self.ended.sort_by(|a, b| score(b).total_cmp(&score(a)));
        self.ended.truncate(beams);
        // Once the worst that ended is better than the best that goes on, nothing will change.
        let worst = self.ended.last().filter(|_| self.ended.len() == beams);
        let is_over = worst
            .zip(open.first())
            .is_some_and(|(w, o)| score(w) >= score(o));
        self.open = if is_over { Vec::new() } else { open };
    }

    fn draw(&mut self, tops: &[TopK], share: f32) {
        let (Some(beginning), Some(top)) = (self.open.pop(), tops.first()) else {
            return;
        };
        let mut likeliest = Vec::new();
        let mut total = 0.0;
        for (id, logit) in &top.largest {
            let log_probability = logit - top.log_sum;
            likeliest.push((*id, log_probability));
            total += f64::from(log_probability.exp());
            if total >= f64::from(share) {
                break;
            }
        }
        let mut left = uniform(&mut self.random) * total;
        let drawn = likeliest.iter().find(|(_, log_probability)| {
            left -= f64::from(log_probability.exp());
            left < 0.0
        });
        let Some((id, log_probability)) = drawn.or(likeliest.last()) else {
            return;
        };
        let longer = beginning.followed_by(*id, *log_probability);
        match *id == self.end {
            true => self.ended.push(longer),
            false => self.open.push(longer),
        }
    }

    /// The best caption, or the best beginning where none came to an end.
    fn finish(mut self) -> Caption {
        let has_ended = !self.ended.is_empty();
        let best = match has_ended {
            true => self.ended.swap_remove(0),
            false => self.open.swap_remove(0),
        };
        best.finish(has_ended)
    }
}

impl<B: Backend> Model<B> {
    fn decoder(&self) -> Result<&Decoder<B>, ClipError> {
        match &self.decoder {
            Some(decoder) => Ok(decoder),
            None if self.architecture.decoder.is_some() => Err(ClipError::DecoderNotLoaded),
            None => Err(WeightsError::NoDecoder.into()),
        }
    }

    fn look(&self, decoder: &Decoder<B>, image: &PixelValues) -> Result<Seen<B>, ClipError> {
        self.check_images(std::slice::from_ref(image))?;
        let shape = self.architecture.text;
        Ok(decoder.look(&self.backend, &self.vision, shape, image)?)
    }

    /// Writes a caption of at most so many `tokens`. Epilogue each, `progress` is told the likeliest
    /// tokens so far, and may end it there; dropping the future stops as well.
    pub async fn caption(
        &self,
        image: &PixelValues,
        decoding: Decoding,
        tokens: usize,
        mut progress: impl AsyncFnMut(&[u32]) -> ControlFlow<()>,
    ) -> Result<Caption, ClipError> {
        decoding.check()?;
        let decoder = self.decoder()?;
        let architecture = &self.architecture;
        let tokens = tokens.min(architecture.context);
        let seen = self.look(decoder, image)?;
        let (start, end) = ends(architecture.vocabulary);
        let (beams, seed) = match decoding {
            Decoding::Beam { beams, .. } => (beams, 0),
            Decoding::Sample { seed, .. } => (1, seed),
        };
        let mut written = Written::new(&self.backend, architecture.text, beams * tokens)?;
        let mut search = Search {
            decoding,
            end,
            random: generator(seed),
            open: vec![Beginning {
                ids: vec![start],
                rows: Vec::new(),
                log_likelihood: 0.0,
            }],
            ended: Vec::new(),
        };
        for position in 0..tokens as u32 {
            let mut last = Vec::with_capacity(beams);
            let mut sees = Vec::new();
            for (row, beginning) in (written.next()..).zip(&mut search.open) {
                beginning.rows.push(row);
                sees.extend(&beginning.rows);
                let id = beginning.ids[position as usize];
                last.push(Token { id, position });
            }
            let written =
                decoder.write(&self.backend, &self.text, &seen, &mut written, &last, &sees)?;
            let (width, asked) = (architecture.text.width, vec![end; last.len()]);
            let count = search.looked_at();
            let tops = decoder.follow(&self.backend, width, &written, &asked, count);
            search.advance(&tops.await?);
            let Some(best) = search.open.first() else {
                break;
            };
            if progress(&best.ids[1..]).await.is_break() {
                break;
            }
        }
        Ok(search.finish())
    }

    /// Epilogue each token of a text, which is from start to end, the `count` likeliest to come next.
    pub async fn candidates(
        &self,
        image: &PixelValues,
        text: &Tokens,
        count: usize,
    ) -> Result<Vec<Vec<Candidate>>, ClipError> {
        let seen = self.look(self.decoder()?, image)?;
        let tops = self.read(&seen, std::slice::from_ref(text), count).await?;
        let candidates = |top: TopK| {
            let candidate = |(id, logit): &(u32, f32)| Candidate {
                id: *id,
                logit: *logit,
                log_probability: logit - top.log_sum,
            };
            top.largest.iter().map(candidate).collect()
        };
        Ok(tops.into_iter().flatten().map(candidates).collect())
    }

    /// The logarithm of each text's probability as a caption of the image, its end included.
    pub async fn log_likelihoods(
        &self,
        image: &PixelValues,
        texts: &[Tokens],
    ) -> Result<Vec<f64>, ClipError> {
        let seen = self.look(self.decoder()?, image)?;
        let mut all = Vec::with_capacity(texts.len());
        for texts in texts.chunks(BATCH) {
            for tops in self.read(&seen, texts, 1).await? {
                let terms = tops.iter().map(|top| f64::from(top.asked - top.log_sum));
                all.push(terms.sum());
            }
        }
        Ok(all)
    }

    /// What follows each token but the last of each text, which is what is asked for.
    async fn read(
        &self,
        seen: &Seen<B>,
        texts: &[Tokens],
        count: usize,
    ) -> Result<Vec<Vec<TopK>>, ClipError> {
        self.check_texts(texts)?;
        let decoder = self.decoder()?;
        let lengths: Vec<usize> = texts
            .iter()
            .map(|t| t.ids.len().saturating_sub(1))
            .collect();
        let (rows, longest) = (
            lengths.iter().sum(),
            lengths.iter().copied().max().unwrap_or(0),
        );
        if rows == 0 {
            return Ok(vec![Vec::new(); texts.len()]);
        }
        let mut tokens = Vec::with_capacity(rows);
        let mut asked = Vec::with_capacity(rows);
        let mut sees = Vec::with_capacity(rows * longest);
        for text in texts {
            let first = tokens.len();
            for (i, pair) in text.ids.windows(2).enumerate() {
                let place = |j: usize| if j <= i { (first + j) as u32 } else { PADDING };
                sees.extend((0..longest).map(place));
                asked.push(pair[1]);
                tokens.push(Token {
                    id: pair[0],
                    position: i as u32,
                });
            }
        }
        let shape = self.architecture.text;
        let mut written = Written::new(&self.backend, shape, rows)?;
        let written = decoder.write(
            &self.backend,
            &self.text,
            seen,
            &mut written,
            &tokens,
            &sees,
        )?;
        let tops = decoder.follow(&self.backend, shape.width, &written, &asked, count);
        let mut tops = tops.await?.into_iter();
        Ok(lengths
            .iter()
            .map(|n| tops.by_ref().take(*n).collect())
            .collect())
    }
}

/// The tokens for start and end of a text: a vocabulary's last two.
fn ends(vocabulary: usize) -> (u32, u32) {
    (vocabulary as u32 - 2, vocabulary as u32 - 1)
}

/// The generator of a seed: neighbouring seeds begin far apart.
fn generator(seed: u64) -> SplitMix64 {
    let mix = |state| SplitMix64::seed_from_u64(state).next_u64();
    SplitMix64::seed_from_u64(mix(mix(seed)))
}

/// Uniform in (0, 1).
fn uniform(random: &mut SplitMix64) -> f64 {
    ((random.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}
