//! Random histories of two stations and their people against a naive rule (`rule.rs`): no claim comes to the terminal twice
//! unless a person let it pass, and nothing that was accepted is lost.
//!
//! `REZEPT_HISTORIES` sets how many, `REZEPT_SEED` with which one they begin.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod contents;
mod rule;
mod site;
mod story;

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use story::{Step, Story, draw};

const HISTORIES: u64 = 300;
const STEPS: usize = 25;
const THREADS: usize = 2;

/// Carries out a history. The error holds the difference and what happened.
fn run(seed: u64, steps: &[Step]) -> Result<BTreeMap<String, usize>, (String, Vec<String>)> {
    let mut story = Story::new(seed);
    match panic::catch_unwind(AssertUnwindSafe(|| story.run(steps))) {
        Ok(Ok(())) => Ok(story.figures()),
        Ok(Err(difference)) => Err((difference, story.log)),
        Err(payload) => {
            let words = payload.downcast_ref::<String>().map(String::as_str);
            let words = words.or(payload.downcast_ref::<&str>().copied()).unwrap_or("a panic");
            Err((format!("panic: {words}"), story.log))
        }
    }
}

/// Leaves out steps for as long as the history still differs.
fn shrink(seed: u64, mut steps: Vec<Step>) -> Vec<Step> {
    loop {
        let before = steps.len();
        for at in (0..before).rev() {
            let mut fewer = steps.clone();
            fewer.remove(at);
            if run(seed, &fewer).is_err() {
                steps = fewer;
            }
        }
        if steps.len() == before {
            return steps;
        }
    }
}

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn seeded_histories_differ_in_nothing() {
    let first = from_environment("REZEPT_SEED", 0);
    let histories = from_environment("REZEPT_HISTORIES", HISTORIES);
    let next = AtomicU64::new(first);
    let steps_done = AtomicUsize::new(0);
    let figures = Mutex::new(BTreeMap::<String, usize>::new());
    let differing = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + histories {
                        return;
                    }
                    let steps = draw(seed, STEPS);
                    match run(seed, &steps) {
                        Ok(found) => {
                            let mut figures = figures.lock().unwrap();
                            found
                                .into_iter()
                                .for_each(|(what, count)| *figures.entry(what).or_default() += count);
                        }
                        Err(_) => differing.lock().unwrap().push(seed),
                    }
                    steps_done.fetch_add(steps.len(), Ordering::Relaxed);
                }
            });
        }
    });
    let mut differing = differing.into_inner().unwrap();
    differing.sort_unstable();
    let steps = steps_done.into_inner();
    println!("{histories} histories, {steps} steps, {} differences", differing.len());
    for (what, count) in figures.into_inner().unwrap() {
        println!("  {count} {what}");
    }
    for seed in differing.iter().take(3) {
        let shrunk = shrink(*seed, draw(*seed, STEPS));
        if let Err((difference, log)) = run(*seed, &shrunk) {
            println!("seed {seed}: {difference}\n  {}\n", log.join("\n  "));
        }
    }
    assert!(differing.is_empty(), "seeds {differing:?}");
}
