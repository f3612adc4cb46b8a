//! One room, thousands of people, short messages: what each delivery costs the server, beside a bare loop that only
//! writes the same bytes, and beside other servers where they are installed.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::Setup;
use crate::crowd::{Join, Pace, Talk, Talked};
use crate::dialect::Language;
use crate::others::Other;
use crate::report::{Figure, Wanted};
use crate::server::Server;
use crate::stats::Series;
use crate::worker::{Station, Worker};

/// One post follows the other, each when everybody has heard the one before.
const ONE_AT_A_TIME: Talk = Talk { posters: 1, pace: Pace::Open(1), seconds: 0.7 };

/// As much as the server can do.
const SATURATED: Talk = Talk { posters: 8, pace: Pace::Open(32), seconds: 2.0 };

/// Contestants that take part in what all do.
const ALL: usize = usize::MAX;

/// One of parlor's doors that tell people what is said, and what is wanted of it.
pub(crate) struct Door {
    pub(crate) name: &'static str,
    pub(crate) language: Language,
    bare: Language,
    others: &'static [Other],
    /// CPU by the bare loop's, one at a time: with a thousand people, with ten thousand.
    ratios: [f64; 2],
    /// Memory of an idle joined connection.
    pub(crate) idle_kib: f64,
}

/// The terminal door.
pub(crate) const TERM: Door = Door {
    name: "term",
    language: Language::Term,
    bare: Language::BareTerm,
    others: &[Other::Inspircd, Other::Nats],
    ratios: [1.15, 1.25],
    idle_kib: 2.5,
};

/// The WebSocket text commands.
pub(crate) const WSCMD: Door = Door {
    name: "wscmd",
    language: Language::Wscmd,
    bare: Language::BareWscmd,
    others: &[Other::NodeWs],
    ratios: [1.25, 1.35],
    idle_kib: 4.0,
};

impl Door {
    /// A parlor, freshly started, and nobody there yet.
    pub(crate) fn open(&self, setup: &Setup, data_dir: &Path, per_room: usize) -> Result<(Server, Worker)> {
        let server = Server::start_parlor(&setup.server, data_dir)?;
        let crowd = Worker::start(self.station(&server, per_room)?)?;
        Ok((server, crowd))
    }

    /// What a crowd must know to come to this door.
    pub(crate) fn station(&self, server: &Server, per_room: usize) -> Result<Station> {
        let address = if self.language == Language::Term { server.term()? } else { server.address() };
        Ok(Station { per_room, ..Station::new(self.language, address, server.pid()) })
    }
}

/// The fan-out of the terminal door.
pub(crate) fn measure_term(setup: &Setup) -> Result<Vec<Figure>> {
    measure(setup, &TERM)
}

/// The fan-out of the WebSocket door.
pub(crate) fn measure_wscmd(setup: &Setup) -> Result<Vec<Figure>> {
    measure(setup, &WSCMD)
}

fn measure(setup: &Setup, door: &Door) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let [few, many, most] = [100, 1_000, 10_000].map(|people| setup.people(people));
    {
        let mut field = Field::gather(setup, door, few, &[])?;
        figures.extend(latency(setup, door, &mut field, 100.0, None)?);
    }
    {
        let mut field = Field::gather(setup, door, many, door.others)?;
        let one = field.rounds(ALL, setup.rounds(9), "one at a time", setup.talk(ONE_AT_A_TIME))?;
        figures.extend(one_at_a_time(door, many, &one, door.ratios[0])?);
        let saturated = field.rounds(ALL, setup.rounds(3), "saturated", setup.talk(SATURATED))?;
        figures.extend(saturation(door, many, &saturated));
        figures.extend(latency(setup, door, &mut field, 100.0, Some(8.0))?);
        figures.extend(field.memory(door));
    }
    // An IRC channel tells everybody of everybody who joins, fifty million lines for ten thousand people.
    let others: Vec<Other> = door.others.iter().copied().filter(|&other| other != Other::Inspircd).collect();
    let mut field = Field::gather(setup, door, most, &others)?;
    let talk = Talk { seconds: 1.2, ..ONE_AT_A_TIME };
    let one = field.rounds(ALL, setup.rounds(9), "one at a time", setup.talk(talk))?;
    figures.extend(one_at_a_time(door, most, &one, door.ratios[1])?);
    figures.extend(latency(setup, door, &mut field, 10.0, None)?);
    Ok(figures)
}

/// Servers with their crowds: parlor first, the bare loop second, then whoever is installed.
struct Field {
    people: usize,
    contestants: Vec<Contestant>,
    /// What the servers wrote, and parlor's store; it goes last.
    _folder: tempfile::TempDir,
}

struct Contestant {
    name: &'static str,
    crowd: Worker,
    kib_each: f64,
    /// Ends after its crowd has left.
    _server: Server,
}

/// What each contestant did in all runs of one kind; the first two are parlor and the bare loop.
struct Results(Vec<(&'static str, Vec<Talked>)>);

impl Field {
    fn gather(setup: &Setup, door: &Door, people: usize, others: &[Other]) -> Result<Self> {
        let folder = setup.scratch()?;
        let warm_up = setup.talk(Talk { seconds: 0.5, ..ONE_AT_A_TIME });
        let (server, mut crowd) = door.open(setup, &folder.path().join("parlor"), usize::MAX)?;
        let joined = crowd.join(Join { people, seconds: 0.0, is_narrow: false })?;
        // Announcements that were gathered for a second come now, and not with what is measured.
        crowd.idle(1.5)?;
        crowd.talk(warm_up)?;
        let wrapping = crowd.wrapping()?;
        let parlor = Contestant { name: "parlor", crowd, kib_each: joined.kib_each, _server: server };
        let server = Server::start_bare(folder.path())?;
        let crowd = Worker::start(Station::new(door.bare, server.address(), server.pid()))?;
        let mut bare = Contestant { name: "bare loop", crowd, kib_each: 0.0, _server: server };
        bare.crowd.wrap(wrapping)?;
        bare.enter(people, warm_up)?;
        let mut field = Self { people, contestants: vec![parlor, bare], _folder: folder };
        for &other in others {
            let Some(server) = other.start(setup, field._folder.path())? else { continue };
            let crowd = Worker::start(Station::new(other.language(), server.address(), server.pid()))?;
            let mut contestant = Contestant { name: other.name(), crowd, kib_each: 0.0, _server: server };
            match contestant.enter(people, warm_up) {
                Ok(()) => field.contestants.push(contestant),
                Err(error) => eprintln!("{} is left out at {people} people: {error:#}", other.name()),
            }
        }
        eprintln!("{}: {people} people have joined each of {} servers", door.name, field.contestants.len());
        Ok(field)
    }

    /// The first so many take turns, so that whatever else the machine does befalls all alike.
    fn rounds(&mut self, contestants: usize, rounds: usize, what: &str, talk: Talk) -> Result<Results> {
        let names = self.contestants.iter().map(|contestant| contestant.name).take(contestants);
        let mut results = Results(names.map(|name| (name, Vec::new())).collect());
        for round in 1..=rounds {
            eprintln!("{} people, {what}: round {round} of {rounds}", self.people);
            for (contestant, (name, talks)) in self.contestants.iter_mut().zip(&mut results.0) {
                match contestant.crowd.talk(talk) {
                    Ok(talked) => talks.push(talked),
                    // The others are only guests here: what they cannot do is no failure of the measurement.
                    Err(error) if *name != "parlor" && *name != "bare loop" => eprintln!("{name} fails: {error:#}"),
                    Err(error) => return Err(error.context(format!("{name}, {what}"))),
                }
            }
        }
        Ok(results)
    }

    fn memory(&self, door: &Door) -> Vec<Figure> {
        let row = |contestant: &Contestant| {
            let name = format!("{} people: memory of each in {}", self.people, contestant.name);
            Figure::new(door.name, name, "KiB", Series::from(contestant.kib_each))
        };
        self.contestants.iter().map(row).collect()
    }
}

impl Contestant {
    fn enter(&mut self, people: usize, warm_up: Talk) -> Result<()> {
        self.kib_each = self.crowd.join(Join { people, seconds: 0.0, is_narrow: false })?.kib_each;
        self.crowd.talk(warm_up)?;
        Ok(())
    }
}

impl Results {
    fn series(&self, contestant: usize, value: impl Fn(&Talked) -> f64) -> Series {
        let mut series = Series::default();
        self.0[contestant].1.iter().for_each(|talked| series.push(value(talked)));
        series
    }

    /// parlor beside the bare loop.
    fn figure(&self, door: &Door, name: String, unit: &'static str, value: impl Fn(&Talked) -> f64) -> Figure {
        Figure::new(door.name, name, unit, self.series(0, &value)).beside(self.series(1, &value))
    }

    /// The same of those that are neither, beside the bare loop.
    fn others(
        &self,
        door: &Door,
        name: &str,
        unit: &'static str,
        value: impl Fn(&Talked) -> f64 + Copy,
    ) -> Vec<Figure> {
        let present = (2..self.0.len()).filter(|&contestant| !self.0[contestant].1.is_empty());
        let row = |contestant: usize| {
            let name = format!("{name} by {}", self.0[contestant].0);
            Figure::new(door.name, name, unit, self.series(contestant, value)).beside(self.series(1, value))
        };
        present.map(row).collect()
    }
}

fn one_at_a_time(door: &Door, people: usize, results: &Results, ratio: f64) -> Result<Vec<Figure>> {
    let bytes = |talked: &Talked| talked.bytes_per_delivery;
    let [ours, bare] = [0, 1].map(|contestant| results.series(contestant, bytes).median());
    // The prompt of the one who posts is no delivery, but has its bytes.
    ensure!((ours - bare).abs() < 0.02 * bare, "a delivery has {ours} bytes at parlor but {bare} at the bare loop");
    let cpu = |talked: &Talked| talked.server_us_per_delivery;
    let name = format!("{people} people, one at a time: server CPU per delivery");
    let mut ours = results.figure(door, name.clone(), "us", cpu).wanted(Wanted::RatioAtMost(ratio));
    let others = results.others(door, &name, "us", cpu);
    let irc = results.0.iter().position(|(name, _)| *name == Other::Inspircd.name());
    if let Some(irc) = irc.filter(|&irc| !results.0[irc].1.is_empty()) {
        ours = ours.wanted(Wanted::NotBehind(Other::Inspircd.name(), results.series(irc, cpu).median()));
    }
    let named = |what: &str| format!("{people} people, one at a time: {what}");
    let mut figures = vec![ours];
    figures.extend(others);
    figures.push(results.figure(door, named("posts"), "1/s", |talked| f64::from(talked.posts) / talked.seconds));
    figures.push(results.figure(door, named("bytes per delivery"), "B", bytes));
    figures.push(results.figure(door, named("load CPU per delivery"), "us", |talked| talked.load_us_per_delivery));
    Ok(figures)
}

fn saturation(door: &Door, people: usize, results: &Results) -> Vec<Figure> {
    let cpu = |talked: &Talked| talked.server_us_per_delivery;
    let speed = |talked: &Talked| talked.deliveries as f64 / talked.seconds;
    let named = |what: &str| format!("{people} people, saturated: {what}");
    let (cpu_name, speed_name) = (named("server CPU per delivery"), named("deliveries"));
    let mut figures = vec![results.figure(door, cpu_name.clone(), "us", cpu).wanted(Wanted::AtMost(0.30))];
    figures.extend(results.others(door, &cpu_name, "us", cpu));
    figures.push(results.figure(door, speed_name.clone(), "1/s", speed).wanted(Wanted::AtLeast(3e6)));
    figures.extend(results.others(door, &speed_name, "1/s", speed));
    figures.push(results.figure(door, named("posts"), "1/s", |talked| f64::from(talked.posts) / talked.seconds));
    figures.push(results.figure(door, named("p50"), "ms", |talked| talked.p50_ms));
    figures.push(results.figure(door, named("p99"), "ms", |talked| talked.p99_ms));
    figures.push(results.figure(door, named("load CPU per delivery"), "us", |talked| talked.load_us_per_delivery));
    figures
}

/// At a steady rate: how long it takes until each has heard a post.
fn latency(setup: &Setup, door: &Door, field: &mut Field, rate: f64, p99_ms: Option<f64>) -> Result<Vec<Figure>> {
    let talk = setup.talk(Talk { posters: 8, pace: Pace::PerSecond(rate), seconds: 2.0 });
    let results = field.rounds(2, setup.rounds(3), &format!("{rate} posts/s"), talk)?;
    let named = |what: &str| format!("{} people, {rate} posts/s: {what}", field.people);
    let mut p99 = results.figure(door, named("p99"), "ms", |talked| talked.p99_ms);
    p99.wanted.extend(p99_ms.map(Wanted::AtMost));
    Ok(vec![results.figure(door, named("p50"), "ms", |talked| talked.p50_ms), p99])
}
