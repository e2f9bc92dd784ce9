//! The scenes as one picture: a panel each, columns of values or something over time.

use super::report::{Picture, SceneReport};
use crate::stats::Spread;
use anyhow::anyhow;
use plotters::coord::Shift;
use plotters::prelude::*;

const PANEL: (u32, u32) = (720, 280);
const BLUE: RGBColor = RGBColor(9, 105, 218);
const PALE: RGBColor = RGBColor(175, 184, 193);
const RED: RGBColor = RGBColor(207, 34, 46);
const INK: RGBColor = RGBColor(36, 41, 47);
const FONT: (&str, u32) = ("sans-serif", 13);
/// Half of a column's width, where columns are 1 apart.
const HALF: f64 = 0.3;
/// Room above the highest value.
const ABOVE: f64 = 1.15;

type Drawn = Result<(), Box<dyn std::error::Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// All scenes that have a picture, as SVG.
pub(super) fn scenes(scenes: &[SceneReport]) -> anyhow::Result<String> {
    let pictures: Vec<(&SceneReport, &Picture)> =
        scenes.iter().filter_map(|scene| Some((scene, scene.picture.as_ref()?))).collect();
    let mut svg = String::new();
    draw(&mut svg, &pictures).map_err(|fault| anyhow!("cannot draw: {fault}"))?;
    Ok(svg)
}

fn draw(svg: &mut String, pictures: &[(&SceneReport, &Picture)]) -> Drawn {
    let panels = pictures.len().max(1);
    let area = SVGBackend::with_string(svg, (PANEL.0, PANEL.1 * panels as u32)).into_drawing_area();
    area.fill(&WHITE)?;
    for (area, (scene, picture)) in area.split_evenly((panels, 1)).iter().zip(pictures) {
        match picture {
            Picture::Columns { unit, columns } => stand(area, scene.scene.name(), unit, columns)?,
            Picture::Course { unit, points, marks } => {
                course(area, scene.scene.name(), unit, points, marks)?;
            }
        }
    }
    area.present()?;
    Ok(())
}

/// A column as high as the median, and a dot for every value.
fn stand(area: &Area<'_>, title: &str, unit: &str, columns: &[(String, Vec<f64>)]) -> Drawn {
    let highest = columns.iter().flat_map(|(_, values)| values).copied().fold(0.0, f64::max) * ABOVE;
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .caption(title, FONT)
        .x_label_area_size(24)
        .y_label_area_size(64)
        .build_cartesian_2d(-0.5..columns.len() as f64 - 0.5, 0.0..highest.max(f64::MIN_POSITIVE))?;
    let name = |place: &f64| {
        let is_column = place.fract().abs() < f64::EPSILON && *place >= 0.0;
        columns.get(*place as usize).filter(|_| is_column).map_or_else(String::new, |(name, _)| name.clone())
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .x_labels(columns.len() * 2 + 1)
        .x_label_formatter(&name)
        .y_desc(unit)
        .draw()?;
    for (place, (_, values)) in columns.iter().enumerate() {
        let x = place as f64;
        let median = Spread::of(values.iter().copied()).unwrap_or_default().median;
        chart.draw_series([Rectangle::new([(x - HALF, 0.0), (x + HALF, median)], PALE.filled())])?;
        let apart = 2.0 * HALF / (values.len() + 1) as f64;
        let dot = |(number, value): (usize, &f64)| {
            Circle::new((x - HALF + apart * (number + 1) as f64, *value), 3, BLUE.filled())
        };
        chart.draw_series(values.iter().enumerate().map(dot))?;
    }
    Ok(())
}

/// A line over time, with a mark for everything that was done.
fn course(area: &Area<'_>, title: &str, unit: &str, points: &[(f64, f64)], marks: &[f64]) -> Drawn {
    let highest = points.iter().map(|(_, value)| *value).fold(1.0, f64::max) * ABOVE;
    let end = points.last().map_or(1.0, |(at, _)| *at);
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .caption(title, FONT)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..end, 0.0..highest)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .x_desc("seconds")
        .y_desc(unit)
        .axis_style(INK)
        .draw()?;
    let mark = |at: &f64| PathElement::new([(*at, 0.0), (*at, highest)], RED.stroke_width(1));
    chart.draw_series(marks.iter().map(mark))?;
    chart.draw_series(LineSeries::new(points.iter().copied(), &BLUE))?;
    Ok(())
}
