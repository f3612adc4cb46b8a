//! The figures, and how they are shown: a table for people, JSON for programs.

use std::fmt::Write as _;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::stats::Series;

/// One measured quantity.
pub(crate) struct Figure {
    pub(crate) group: &'static str,
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) measured: Series,
    /// The same quantity of the bare server in the same run.
    pub(crate) baseline: Option<Series>,
    /// All must hold.
    pub(crate) wanted: Vec<Wanted>,
}

/// A bound on the median of a figure, or on its ratio to the baseline.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    AtMost(f64),
    AtLeast(f64),
    RatioAtMost(f64),
    /// At most what another server needs for the same work in the same run.
    NotBehind(&'static str, f64),
}

/// Everything that one call measured, and on what.
#[derive(Default)]
pub(crate) struct Report {
    /// Name and value of what a reader must know: machine, commit, command.
    pub(crate) circumstances: Vec<(&'static str, String)>,
    pub(crate) figures: Vec<Figure>,
}

impl Figure {
    /// A figure without baseline or bound.
    pub(crate) fn new(group: &'static str, name: impl Into<String>, unit: &'static str, measured: Series) -> Self {
        Self { group, name: name.into(), unit, measured, baseline: None, wanted: Vec::new() }
    }

    /// The same with the baseline's values.
    pub(crate) fn beside(mut self, baseline: Series) -> Self {
        self.baseline = Some(baseline);
        self
    }

    /// The same with one more bound.
    pub(crate) fn wanted(mut self, wanted: Wanted) -> Self {
        self.wanted.push(wanted);
        self
    }

    /// Measured median by the baseline's median; none where the baseline spends nothing at all.
    fn ratio(&self) -> Option<f64> {
        let ratio = self.measured.median() / self.baseline.as_ref()?.median();
        ratio.is_finite().then_some(ratio)
    }

    /// Whether every bound holds; `None` if there is none.
    fn holds(&self) -> Option<bool> {
        let median = self.measured.median();
        let holds = |wanted: &Wanted| match *wanted {
            Wanted::AtMost(bound) | Wanted::NotBehind(_, bound) => median <= bound,
            Wanted::AtLeast(bound) => median >= bound,
            // NaN where there is no baseline: it compares as false, so a bound that cannot be checked does not hold.
            Wanted::RatioAtMost(bound) => self.ratio().unwrap_or(f64::NAN) <= bound,
        };
        (!self.wanted.is_empty()).then(|| self.wanted.iter().all(holds))
    }

    fn cells(&self) -> [String; 7] {
        let series = &self.measured;
        let wanted: Vec<String> = self.wanted.iter().map(ToString::to_string).collect();
        [
            format!("{}: {}{}{}", self.group, self.name, if self.unit.is_empty() { "" } else { ", " }, self.unit),
            number(series.median()),
            format!("{}..{}", number(series.min()), number(series.max())),
            self.baseline.as_ref().map(|baseline| number(baseline.median())).unwrap_or_default(),
            self.ratio().map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            wanted.join(", "),
            self.holds().map_or("", |holds| if holds { "ok" } else { "NOT" }).to_owned(),
        ]
    }

    fn to_json(&self) -> Value {
        let series = |series: &Series| json!({"median": series.median(), "min": series.min(), "max": series.max()});
        json!({
            "group": self.group,
            "name": self.name,
            "unit": self.unit,
            "measured": series(&self.measured),
            "baseline": self.baseline.as_ref().map(series),
            "ratio": self.ratio(),
            "wanted": self.wanted.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "ok": self.holds(),
        })
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Wanted::AtMost(bound) => write!(f, "<= {}", number(bound)),
            Wanted::AtLeast(bound) => write!(f, ">= {}", number(bound)),
            Wanted::RatioAtMost(bound) => write!(f, "ratio <= {bound}"),
            Wanted::NotBehind(name, bound) => write!(f, "<= {} of {name}", number(bound)),
        }
    }
}

impl Report {
    /// A table in Markdown, aligned for a terminal, below the circumstances.
    pub(crate) fn table(&self) -> String {
        let titles = ["figure", "median", "min..max", "baseline", "ratio", "wanted", "ok"].map(String::from);
        let mut rows = vec![titles];
        rows.extend(self.figures.iter().map(Figure::cells));
        let widths: Vec<usize> = (0..rows[0].len())
            .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
            .collect();
        let mut text = String::new();
        for (name, value) in &self.circumstances {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name}: {value}");
        }
        text.push('\n');
        for (index, row) in rows.iter().enumerate() {
            for (cell, &width) in row.iter().zip(&widths) {
                let _ = write!(text, "| {cell:width$} ");
            }
            text.push_str("|\n");
            if index == 0 {
                for &width in &widths {
                    let _ = write!(text, "|{}", "-".repeat(width + 2));
                }
                text.push_str("|\n");
            }
        }
        text
    }

    /// The same for programs; `seconds` is the Unix time of the report.
    pub(crate) fn to_json(&self) -> Value {
        let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let circumstances: serde_json::Map<String, Value> =
            self.circumstances.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let figures: Vec<Value> = self.figures.iter().map(Figure::to_json).collect();
        json!({"seconds": seconds, "circumstances": circumstances, "figures": figures})
    }
}

/// Three or four digits that matter, and no more.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(measured: f64, baseline: Option<f64>, wanted: Wanted, expected: bool) {
        let mut figure = Figure::new("polls", "memory", "KiB", Series::from(measured)).wanted(wanted);
        figure.baseline = baseline.map(Series::from);
        assert_eq!(figure.holds(), Some(expected), "{measured} beside {baseline:?}, wanted {wanted}");
        assert!(figure.cells()[6].contains(if expected { "ok" } else { "NOT" }));
    }

    #[test]
    fn a_bound_holds_up_to_itself_and_not_beyond() {
        check(16.0, None, Wanted::AtMost(16.0), true);
        check(16.1, None, Wanted::AtMost(16.0), false);
        check(15_000.0, None, Wanted::AtLeast(15_000.0), true);
        check(14_999.0, None, Wanted::AtLeast(15_000.0), false);
        check(3.0, Some(2.0), Wanted::RatioAtMost(1.5), true);
        check(3.1, Some(2.0), Wanted::RatioAtMost(1.5), false);
        check(3.0, None, Wanted::RatioAtMost(1.5), false);
        check(3.9, Some(3.5), Wanted::NotBehind("InspIRCd", 3.9), true);
        check(4.0, Some(3.5), Wanted::NotBehind("InspIRCd", 3.9), false);
        check(f64::NAN, None, Wanted::AtMost(1.0), false);
    }

    #[test]
    fn the_table_has_a_row_for_every_figure() {
        let figures = vec![Figure::new("size", "binary", "MiB", Series::from(12.0)).wanted(Wanted::AtMost(25.0))];
        let table = Report { circumstances: vec![("commit", "abc".into())], figures }.table();
        assert!(table.starts_with("commit: abc\n"));
        assert_eq!(table.lines().filter(|line| line.starts_with('|')).count(), 3);
    }
}
