//! Requests and alerts: what other processes leave in the journal.

use crate::common::Station;
use jiff::SignedDuration;
use rezept_journal::{Clock as _, Reason, Subject};

#[test]
fn a_request_is_answered_once_and_comes_again_after_a_crash() {
    let station = Station::new();
    let mut cli = station.open();
    let mut service = station.open();
    assert_eq!(service.take_request().unwrap(), None);
    let first = cli.ask("send", r#"{"files":["a"]}"#).unwrap();
    let second = cli.ask("receive", "{}").unwrap();
    let taken = service.take_request().unwrap().unwrap();
    assert_eq!((taken.id, taken.kind.as_str(), taken.args.as_str()), (first, "send", r#"{"files":["a"]}"#));
    assert_eq!(cli.answered(first).unwrap(), None);
    assert!(!cli.withdraw(first).unwrap(), "somebody works on it");
    // The service dies; the next one takes the same request.
    drop(service);
    let mut service = station.open();
    assert_eq!(service.take_request().unwrap().unwrap(), taken);
    service.answer(first, "sent").unwrap();
    assert_eq!(cli.answered(first).unwrap().as_deref(), Some("sent"));
    assert_eq!(service.take_request().unwrap().unwrap().id, second);
    service.answer(second, "nothing there").unwrap();
    assert_eq!(service.take_request().unwrap(), None);
    let third = cli.ask("send", "{}").unwrap();
    assert!(cli.withdraw(third).unwrap());
    assert!(!cli.withdraw(third).unwrap());
    assert_eq!(service.take_request().unwrap(), None);
}

#[test]
fn an_answered_request_keeps_nothing_of_what_it_said() {
    let station = Station::new();
    let mut journal = station.open();
    let asked = journal.ask("returns", "RE.name=見本").unwrap();
    let args =
        || -> String { station.raw().query_row("SELECT args FROM request", [], |row| row.get(0)).unwrap() };
    assert_eq!(args(), "RE.name=見本");
    journal.answer(asked, "{}").unwrap();
    assert_eq!(args(), "");
}

#[test]
fn a_request_nobody_waits_for_is_answered_and_not_carried_out() {
    let station = Station::new();
    let (mut cli, mut service) = (station.open(), station.open());
    let forsaken = cli.ask("held", "{}").unwrap();
    let waited_for = cli.ask("send", "{}").unwrap();
    let shown = cli.waiting_requests().unwrap();
    assert_eq!(shown.iter().map(|request| request.id).collect::<Vec<_>>(), [forsaken, waited_for]);
    assert_eq!((shown[0].kind.as_str(), shown[0].begun), ("held", false));
    let limit = SignedDuration::from_mins(10);
    assert_eq!(service.expire_requests(limit, "expired").unwrap(), 0, "both are new");
    for _ in 0..1000 {
        station.clock.now();
    }
    cli.still_waiting(waited_for).unwrap();
    assert_eq!(service.expire_requests(limit, "expired").unwrap(), 1);
    assert_eq!(cli.answered(forsaken).unwrap().as_deref(), Some("expired"));
    assert_eq!(service.take_request().unwrap().unwrap().id, waited_for);
}

#[test]
fn a_request_withdrawn_at_the_last_moment_is_no_error() {
    let station = Station::new();
    let data_version_moves = {
        let mut cli = station.open();
        let service = station.open();
        let before = service.data_version().unwrap();
        assert_eq!(service.data_version().unwrap(), before);
        cli.ask("send", "{}").unwrap();
        service.data_version().unwrap() != before
    };
    assert!(data_version_moves, "the service notices a request without asking for it");
    let (asked, mut taken, mut withdrawn) = (300, 0, 0);
    std::thread::scope(|scope| {
        let cli = scope.spawn(|| {
            let mut cli = station.open();
            let mut withdrawn = 0;
            for _ in 0..asked {
                let id = cli.ask("send", "{}").unwrap();
                withdrawn += i32::from(cli.withdraw(id).unwrap());
            }
            withdrawn
        });
        let mut service = station.open();
        while !cli.is_finished() {
            if let Some(request) = service.take_request().unwrap() {
                service.answer(request.id, "done").unwrap();
                taken += 1;
            }
        }
        while let Some(request) = service.take_request().unwrap() {
            service.answer(request.id, "done").unwrap();
            taken += 1;
        }
        withdrawn += cli.join().unwrap();
    });
    assert_eq!(taken + withdrawn, asked + 1, "each was either done or withdrawn");
}

#[test]
fn one_cause_at_one_place_is_one_alert_until_it_is_settled() {
    let station = Station::new();
    let mut journal = station.open();
    let mut other = station.open();
    let reason = Reason::new("RZ-T012", "no acknowledgement knows it");
    assert!(journal.raise(&reason, "E:/").unwrap());
    let before = journal.checkpoint().unwrap();
    assert!(!other.raise(&Reason::new("RZ-T012", "other words"), "E:/").unwrap());
    assert_eq!(journal.checkpoint().unwrap(), before);
    assert!(journal.raise(&reason, "F:/").unwrap());
    let open = journal.alerts().unwrap();
    assert_eq!(open.iter().map(|a| a.place.as_str()).collect::<Vec<_>>(), ["E:/", "F:/"]);
    assert!(journal.settle("RZ-T012", "E:/", "seen").unwrap());
    assert!(!journal.settle("RZ-T012", "E:/", "seen").unwrap());
    let told: Vec<_> =
        journal.history(Subject::Alert(open[0].id)).unwrap().into_iter().map(|h| h.to).collect();
    assert_eq!(told, ["RZ-T012", "SETTLED"]);
    assert!(journal.raise(&reason, "E:/").unwrap(), "it may come again");
}
