//! Power cuts: what was not flushed is lost or torn, in several seeded ways at every operation of the journey.

use rezept_testkit::faults::{Faults, Killed};
use rezept_testkit::model::{FlushScope, ModelVolume};
use rezept_testkit::rng::Rng;

use crate::bench::Bench;
use crate::invariants::{Story, always, converged};
use crate::parallel::on_all_cores;

/// Ways in which the same cut can end, tried for each. In the first the process is only killed, and the power goes after
/// everything has recovered: what a dead process left unflushed must not be built upon.
const WAYS: usize = 5;

fn all_volumes(world: &Bench) -> Vec<&ModelVolume> {
    let disks = world.sites.iter().flat_map(|site| [&site.source, &site.archive, &site.inbox, &site.spool]);
    disks.chain(&world.media).collect()
}

/// Whether an operation changes a volume or a journal, or makes something durable: a power cut before the next one finds
/// another world than a power cut before it.
fn matters(line: &str) -> bool {
    let verb = line.split(' ').nth(1).unwrap_or_default();
    ["now", "mkdir", "create", "write", "rename", "remove", "rmdir", "flush", "flush-folder"].contains(&verb)
}

fn power_cut_everywhere(name: &str, world: &Bench) {
    let faults = Faults::none().logged();
    world.snapshot().journey(&faults).unwrap();
    let log = faults.log();
    let cuts: Vec<usize> = (0..log.len()).filter(|number| matters(&log[*number])).collect();
    let wrong: Vec<String> = on_all_cores(cuts.len() * WAYS, |case| {
        let (number, way) = (cuts[case / WAYS], case % WAYS);
        let run = world.snapshot();
        let after = number as u64 * 2 + 1;
        assert_eq!(run.journey(&Faults::none().kill_at(after)).map(|_| ()), Err(Killed));
        let mut rng = Rng::new(case as u64);
        if way > 0 {
            power_cut(&run, &mut rng);
        }
        let mut wrong = always(&run, &Story::default());
        let failed = run.converge(&[0]);
        wrong.extend(failed.iter().map(|error| format!("the next runs fail: {error:?}")));
        wrong.extend(converged(&run, &Story::default()));
        // What is finished must also be durable.
        power_cut(&run, &mut rng);
        wrong.extend(always(&run, &Story::default()));
        run.converge(&[0]);
        wrong.extend(converged(&run, &Story::default()));
        let at = format!("after {number} {} way {way}", log[number]);
        wrong.iter().map(|sentence| format!("{at}: {sentence}")).collect::<Vec<_>>()
    })
    .concat();
    println!("{name}: power cut at {} points, {WAYS} ways each, {} violations", cuts.len(), wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn power_cut(world: &Bench, rng: &mut Rng) {
    for volume in all_volumes(world) {
        volume.power_cut(rng);
    }
}

#[test]
fn power_cuts_lose_nothing() {
    power_cut_everywhere("two stations", &Bench::new().with_claims());
    power_cut_everywhere("two paired stations", &Bench::sealed().with_claims());
    power_cut_everywhere("single station", &Bench::single().with_claims());
}

#[test]
fn power_cuts_lose_nothing_where_a_flush_reaches_only_what_it_names() {
    let strict = |world: Bench| {
        for volume in all_volumes(&world) {
            volume.reconfigure(|options| options.flush_scope = FlushScope::Named);
        }
        world
    };
    power_cut_everywhere("two stations, strict flushes", &strict(Bench::new().with_claims()));
    power_cut_everywhere("single station, strict flushes", &strict(Bench::single().with_claims()));
}
