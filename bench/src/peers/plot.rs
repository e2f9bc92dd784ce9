//! The comparison as a drawing: a panel a mix, a bar a seller, its spread over the rounds on it.

use super::plan::Mix;
use super::report::{Report, Row};
use crate::report::whole;
use anyhow::anyhow;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

const PANEL: (u32, u32) = (420, 340);
const OURS: RGBColor = RGBColor(9, 105, 218);
const THEIRS: RGBColor = RGBColor(175, 184, 193);
const INK: RGBColor = RGBColor(36, 41, 47);
const FONT: (&str, u32) = ("sans-serif", 13);
/// Half of a bar's width, where bars are 1 apart.
const HALF: f64 = 0.36;

type Drawn<T> = Result<T, Box<dyn std::error::Error>>;

/// Goodput by mix and seller, as SVG.
pub(super) fn goodput(report: &Report) -> anyhow::Result<String> {
    let panels: Vec<(Mix, Vec<&Row>)> = Mix::ALL
        .into_iter()
        .map(|mix| (mix, report.rows.iter().filter(|row| row.mix == mix).collect::<Vec<_>>()))
        .filter(|(_, rows)| !rows.is_empty())
        .collect();
    let mut svg = String::new();
    draw(&mut svg, &panels).map_err(|fault| anyhow!("cannot draw: {fault}"))?;
    Ok(svg)
}

fn draw(svg: &mut String, panels: &[(Mix, Vec<&Row>)]) -> Drawn<()> {
    let size = (PANEL.0 * panels.len().max(1) as u32, PANEL.1);
    let area = SVGBackend::with_string(svg, size).into_drawing_area();
    area.fill(&WHITE)?;
    for (area, (mix, rows)) in area.split_evenly((1, panels.len().max(1))).iter().zip(panels) {
        panel(area, *mix, rows)?;
    }
    area.present()?;
    Ok(())
}

fn panel(area: &DrawingArea<SVGBackend<'_>, Shift>, mix: Mix, rows: &[&Row]) -> Drawn<()> {
    let goodput = |row: &Row| if mix.confirms() { row.confirms_per_s } else { row.holds_per_s };
    let highest = rows.iter().map(|row| goodput(row).max).fold(1.0, f64::max) * 1.15;
    let unit = if mix.confirms() { "confirmed holds a second" } else { "holds a second" };
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .caption(mix.title(), FONT)
        .x_label_area_size(24)
        .y_label_area_size(64)
        .build_cartesian_2d(-0.5..rows.len() as f64 - 0.5, 0.0..highest)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .light_line_style(WHITE)
        .y_label_formatter(&|rate| whole(*rate as u64))
        .y_desc(unit)
        .draw()?;
    for (row, x) in rows.iter().zip((0_u32..).map(f64::from)) {
        let (rate, colour) = (goodput(row), if row.peer == super::Peer::Onsale { OURS } else { THEIRS });
        let bar = Rectangle::new([(x - HALF, 0.0), (x + HALF, rate.median)], colour.filled());
        let spread = PathElement::new([(x, rate.min), (x, rate.max)], INK.stroke_width(2));
        chart.draw_series([bar])?;
        chart.draw_series([spread])?;
        let style = |vertical| FONT.into_font().color(&INK).pos(Pos::new(HPos::Center, vertical));
        let figure = whole(rate.median.round() as u64);
        let above = (x, rate.max + highest * 0.01);
        chart.draw_series([Text::new(figure, above, style(VPos::Bottom))])?;
        let (left, bottom) = chart.backend_coord(&(x, 0.0));
        let (left_of_area, top_of_area) = area.get_base_pixel();
        let below = (left - left_of_area, bottom - top_of_area + 6);
        area.draw(&Text::new(row.peer.name(), below, style(VPos::Top)))?;
    }
    Ok(())
}
