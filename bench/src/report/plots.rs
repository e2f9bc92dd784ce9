//! The two drawings of a report, as SVG.
//!
//! Owns: axes and lines. Each line is one figure of [`super::Second`] over time.

use super::{Report, Second};
use anyhow::anyhow;
use plotters::prelude::*;

const SIZE: (u32, u32) = (960, 320);
const BLUE_LINE: RGBColor = RGBColor(9, 105, 218);
const ORANGE_LINE: RGBColor = RGBColor(188, 76, 0);
const GREY_LINE: RGBColor = RGBColor(110, 119, 129);

type Line = (&'static str, RGBColor, fn(&Second) -> f64);

/// Latency percentiles over time.
pub(super) fn latency(report: &Report) -> anyhow::Result<String> {
    let lines: [Line; 3] = [
        ("p50", BLUE_LINE, |second| second.p50_ms),
        ("p99", ORANGE_LINE, |second| second.p99_ms),
        ("max", GREY_LINE, |second| second.max_ms),
    ];
    draw(&report.figures.seconds, "ms", &lines)
}

/// Throughput over time.
pub(super) fn throughput(report: &Report) -> anyhow::Result<String> {
    let lines: [Line; 3] = [
        ("holds and bookings", BLUE_LINE, |second| second.good as f64),
        ("refusals", ORANGE_LINE, |second| second.refused as f64),
        ("calls meant to be made", GREY_LINE, |second| second.intended as f64),
    ];
    draw(&report.figures.seconds, "a second", &lines)
}

fn draw(seconds: &[Second], unit: &str, lines: &[Line]) -> anyhow::Result<String> {
    let mut svg = String::new();
    draw_on(&mut svg, seconds, unit, lines).map_err(|fault| anyhow!("cannot draw: {fault}"))?;
    Ok(svg)
}

fn draw_on(
    svg: &mut String,
    seconds: &[Second],
    unit: &str,
    lines: &[Line],
) -> Result<(), Box<dyn std::error::Error>> {
    let highest = lines.iter().flat_map(|(_, _, value)| seconds.iter().map(value)).fold(1.0, f64::max);
    let last = seconds.len().max(2) as f64 - 1.0;
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(10)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..last, 0.0..highest * 1.05)?;
    chart.configure_mesh().light_line_style(WHITE).x_desc("seconds").y_desc(unit).draw()?;
    for (label, colour, value) in lines {
        let points = seconds.iter().enumerate().map(|(index, second)| (index as f64, value(second)));
        let colour = *colour;
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(*label)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.8))
        .border_style(WHITE)
        .draw()?;
    area.present()?;
    Ok(())
}
