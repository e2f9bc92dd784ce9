//! The comparison as bars: a panel a mix, a bar a server, its spread over the rounds on it.

use super::{ContenderReport, MixReport};
use crate::report::whole;
use crate::stats::Spread;
use anyhow::anyhow;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

const PANEL: (u32, u32) = (400, 320);
const COLOURS: [RGBColor; 3] = [RGBColor(175, 184, 193), RGBColor(9, 105, 218), RGBColor(84, 174, 255)];
const INK: RGBColor = RGBColor(36, 41, 47);
const FONT: (&str, u32) = ("sans-serif", 13);
/// Half of a bar's width, where bars are 1 apart.
const HALF: f64 = 0.36;

type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Answers a second by mix and server, as SVG.
pub(super) fn throughput(mixes: &[MixReport]) -> anyhow::Result<String> {
    let mut svg = String::new();
    draw(&mut svg, mixes).map_err(|fault| anyhow!("cannot draw: {fault}"))?;
    Ok(svg)
}

fn draw(svg: &mut String, mixes: &[MixReport]) -> Drawn {
    let panels = mixes.len().max(1);
    let area = SVGBackend::with_string(svg, (PANEL.0 * panels as u32, PANEL.1)).into_drawing_area();
    area.fill(&WHITE)?;
    for (area, mix) in area.split_evenly((1, panels)).iter().zip(mixes) {
        panel(area, mix)?;
    }
    area.present()?;
    Ok(())
}

fn panel(area: &DrawingArea<SVGBackend<'_>, Shift>, mix: &MixReport) -> Drawn {
    let rate =
        |contender: &ContenderReport| contender.spread(|figures| figures.answers_per_s).unwrap_or_default();
    let bars: Vec<(&str, Spread)> =
        mix.contenders.iter().map(|contender| (contender.name.as_str(), rate(contender))).collect();
    let highest = bars.iter().map(|(_, rate)| rate.max).fold(1.0, f64::max) * 1.15;
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .caption(mix.mix.name(), FONT)
        .x_label_area_size(24)
        .y_label_area_size(64)
        .build_cartesian_2d(-0.5..bars.len() as f64 - 0.5, 0.0..highest)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .light_line_style(WHITE)
        .y_label_formatter(&|rate| whole(*rate as u64))
        .y_desc("answers a second")
        .draw()?;
    for (place, ((name, rate), colour)) in bars.iter().zip(COLOURS).enumerate() {
        let x = place as f64;
        let bar = Rectangle::new([(x - HALF, 0.0), (x + HALF, rate.median)], colour.filled());
        chart.draw_series([bar])?;
        chart.draw_series([PathElement::new([(x, rate.min), (x, rate.max)], INK.stroke_width(2))])?;
        let style = |vertical| FONT.into_font().color(&INK).pos(Pos::new(HPos::Center, vertical));
        let figure = whole(rate.median.round() as u64);
        chart.draw_series([Text::new(figure, (x, rate.max + highest * 0.01), style(VPos::Bottom))])?;
        let (left, bottom) = chart.backend_coord(&(x, 0.0));
        let (area_left, area_top) = area.get_base_pixel();
        area.draw(&Text::new(*name, (left - area_left, bottom - area_top + 6), style(VPos::Top)))?;
    }
    Ok(())
}
