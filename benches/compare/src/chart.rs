//! An SVG bar chart of the ratios, with a group of bars for each task and each mean.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;

use crate::report::Report;
use crate::runtime::BASELINE;

const BAR: u32 = 11;
const GAP: u32 = 10;
const WIDTH: u32 = 900;
const LABELS: u32 = 200;
const MARGIN: u32 = 60;
/// Width of the chart relative to the longest bar. The legend is to the right of it.
const ROOM: f64 = 1.2;

/// One group of bars: a label, and the ratio of each column that has one.
type Bars = (String, Vec<Option<f64>>);

/// Draws the ratios of a report. The baseline is the line at 1 and has no bars.
pub fn draw(report: &Report, path: &Path) -> Result<()> {
    let shown: Vec<usize> = (0..report.columns.len())
        .filter(|&column| {
            let baseline = report.columns[column].baseline;
            baseline.is_some_and(|baseline| baseline != column)
        })
        .collect();
    let groups = bars(report, &shown);
    let group_height = BAR * shown.len() as u32 + GAP;
    let height = group_height * groups.len() as u32 + 2 * MARGIN;
    let greatest = groups
        .iter()
        .flat_map(|(_, ratios)| ratios.iter().flatten())
        .fold(1.0, |greatest: f64, ratio| greatest.max(*ratio));

    let root = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(
            format!("Time relative to {BASELINE} (lower is faster)"),
            ("sans-serif", 18),
        )
        .margin(15)
        .x_label_area_size(30)
        .y_label_area_size(LABELS)
        // The axis points down, so that the first task is at the top.
        .build_cartesian_2d(0.0..greatest * ROOM, groups.len() as f64..0.0)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(0)
        .x_label_style(("sans-serif", 13))
        .draw()?;

    let scale = f64::from(group_height);
    for (index, &column) in shown.iter().enumerate() {
        let color = Palette99::pick(index).to_rgba();
        let rectangles = groups
            .iter()
            .enumerate()
            .filter_map(|(group, (_, ratios))| {
                let top = group as f64 + f64::from(GAP / 2 + BAR * index as u32) / scale;
                let bottom = top + f64::from(BAR - 1) / scale;
                let corners = [(0.0, top), (ratios[index]?, bottom)];
                Some(Rectangle::new(corners, color.filled()))
            });
        chart
            .draw_series(rectangles)?
            .label(&report.columns[column].label)
            .legend(move |(x, y)| Rectangle::new([(x, y - 4), (x + 12, y + 4)], color.filled()));
    }
    let bottom = groups.len() as f64;
    chart.draw_series([PathElement::new(
        [(1.0, 0.0), (1.0, bottom)],
        BLACK.stroke_width(1),
    )])?;
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.9))
        .border_style(BLACK)
        .label_font(("sans-serif", 13))
        .position(SeriesLabelPosition::LowerRight)
        .draw()?;

    for (group, (label, _)) in groups.iter().enumerate() {
        let (_, y) = chart.backend_coord(&(0.0, group as f64 + 0.5));
        let style = ("sans-serif", 13).into_text_style(&root);
        root.draw_text(label, &style, (15, y - 6))?;
    }
    root.present()?;
    Ok(())
}

fn bars(report: &Report, shown: &[usize]) -> Vec<Bars> {
    let means = report.means().into_iter().map(|(title, group)| {
        let ratios = shown.iter().map(|&column| report.mean(group, column).0);
        (format!("geometric mean, {title}"), ratios.collect())
    });
    let tasks = report.lines.iter().map(|line| {
        let ratios = shown.iter().map(|&column| report.ratio(line, column));
        (line.task.clone(), ratios.collect())
    });
    means
        .chain(tasks)
        .filter(|(_, ratios): &Bars| ratios.iter().any(Option::is_some))
        .collect()
}
