//! Places on the globe: distances, and cells by which whatever is near is found without looking at all the rest.
//!
//! The globe is cut into four by four cells, each of these again, and so on for [`DEPTHS`]. A circle is covered by the largest
//! cells that lie in it whole, and at its rim by ones that are small beside it, whose events are measured.

/// How often the globe is cut; the smallest cells are some ten kilometres high at most.
pub(crate) const DEPTHS: u32 = 6;

/// The globe's radius.
const EARTH_KM: f64 = 6371.0;
/// Cells at the rim of a circle are that much smaller than it.
const FINENESS: f64 = 4.0;
/// Degrees are kept as millionths.
const MICRO: f64 = 1_000_000.0;

/// A point on the globe, to a tenth of a metre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Point {
    lat_micro: i32,
    lon_micro: i32,
}

/// A circle on the globe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Circle {
    /// Its middle.
    pub center: Point,
    /// Its radius.
    pub radius_km: f64,
}

/// A cell of a certain depth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    depth: u32,
    row: u32,
    column: u32,
}

/// The cells that cover a circle.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Cover {
    /// In it whole.
    pub inside: Vec<Cell>,
    /// Perhaps in it only in part.
    pub rim: Vec<Cell>,
}

impl Point {
    /// Degrees north and east; what is out of range is brought to its end.
    #[must_use]
    pub fn new(lat: f64, lon: f64) -> Self {
        let micro = |degrees: f64, most: f64| (degrees.clamp(-most, most) * MICRO).round() as i32;
        Self { lat_micro: micro(lat, 90.0), lon_micro: micro(lon, 180.0) }
    }

    /// As [`Self::packed`] gave it.
    #[must_use]
    pub fn unpacked(packed: u64) -> Self {
        Self { lat_micro: (packed >> 32) as u32 as i32, lon_micro: packed as u32 as i32 }
    }

    /// In one number.
    #[must_use]
    pub fn packed(self) -> u64 {
        u64::from(self.lat_micro as u32) << 32 | u64::from(self.lon_micro as u32)
    }

    /// Degrees north.
    #[must_use]
    pub fn lat(self) -> f64 {
        f64::from(self.lat_micro) / MICRO
    }

    /// Degrees east.
    #[must_use]
    pub fn lon(self) -> f64 {
        f64::from(self.lon_micro) / MICRO
    }

    /// Along the great circle (haversine formula).
    #[must_use]
    pub fn distance_km(self, other: Self) -> f64 {
        let (lat, lon) = (self.lat().to_radians(), self.lon().to_radians());
        let (to_lat, to_lon) = (other.lat().to_radians(), other.lon().to_radians());
        let half = ((to_lat - lat) / 2.0).sin().powi(2)
            + lat.cos() * to_lat.cos() * ((to_lon - lon) / 2.0).sin().powi(2);
        2.0 * EARTH_KM * half.min(1.0).sqrt().asin()
    }

    /// The cells that it is in, one of each depth.
    pub fn cells(self) -> impl Iterator<Item = Cell> {
        (1..=DEPTHS).map(move |depth| {
            let cells = f64::from(1_u32 << (2 * depth));
            let place =
                |degrees: f64, all: f64| ((degrees / all + 0.5) * cells).clamp(0.0, cells - 1.0) as u32;
            Cell { depth, row: place(self.lat(), 180.0), column: place(self.lon(), 360.0) }
        })
    }
}

impl Cell {
    /// In one number, different for every cell.
    #[must_use]
    pub fn code(self) -> u64 {
        u64::from(self.depth) << 48 | u64::from(self.row) << 24 | u64::from(self.column)
    }

    /// Its middle, and how far its corners are from there at most.
    fn extent(self) -> (Point, f64) {
        let cells = f64::from(1_u32 << (2 * self.depth));
        let (height, width) = (180.0 / cells, 360.0 / cells);
        let south = f64::from(self.row) * height - 90.0;
        let west = f64::from(self.column) * width - 180.0;
        let middle = Point::new(south + height / 2.0, west + width / 2.0);
        let corners = [south, south + height].map(|lat| middle.distance_km(Point::new(lat, west)));
        // The rim of a cell bulges towards the poles by less than this.
        (middle, corners[0].max(corners[1]) * 1.05 + 0.01)
    }

    fn parts(self) -> impl Iterator<Item = Self> {
        let Self { depth, row, column } = self;
        (0..16).map(move |part| Self {
            depth: depth + 1,
            row: row * 4 + part / 4,
            column: column * 4 + part % 4,
        })
    }
}

impl Circle {
    /// Whether `point` is in it.
    #[must_use]
    pub(crate) fn contains(&self, point: Point) -> bool {
        self.center.distance_km(point) <= self.radius_km
    }

    /// The cells that cover it.
    #[must_use]
    pub(crate) fn cover(&self) -> Cover {
        let mut cover = Cover::default();
        self.cover_part(Cell { depth: 0, row: 0, column: 0 }, &mut cover);
        cover
    }

    fn cover_part(&self, cell: Cell, cover: &mut Cover) {
        for part in cell.parts() {
            let (middle, reach) = part.extent();
            let away = self.center.distance_km(middle);
            if away > self.radius_km + reach {
                continue;
            }
            if away + reach <= self.radius_km {
                cover.inside.push(part);
            } else if part.depth == DEPTHS || reach * FINENESS <= self.radius_km {
                cover.rim.push(part);
            } else {
                self.cover_part(part, cover);
            }
        }
    }
}

#[cfg(test)]
mod test {
    use proptest::prelude::*;

    use super::*;

    fn point() -> impl Strategy<Value = Point> {
        (-90.0..=90.0, -180.0..=180.0).prop_map(|(lat, lon)| Point::new(lat, lon))
    }

    fn is_covered(cells: &[Cell], point: Point) -> bool {
        point.cells().any(|cell| cells.contains(&cell))
    }

    #[test]
    fn distances_are_those_of_the_globe() {
        let (taipei, berlin) = (Point::new(25.05, 121.55), Point::new(52.52, 13.4));
        assert!((8_900.0..9_100.0).contains(&taipei.distance_km(berlin)));
        assert!(taipei.distance_km(taipei) < 0.001);
        assert_eq!(Point::unpacked(Point::new(-33.9, -151.2).packed()), Point::new(-33.9, -151.2));
        assert_eq!(Point::new(f64::NAN, 0.0).lat(), 0.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_circle_is_covered_by_few_cells(center in point(), radius_km in 0.0..20_100.0_f64, near in point(), closer in 0.0..1.0_f64) {
            let circle = Circle { center, radius_km };
            let cover = circle.cover();
            // Towards a pole they are narrow, and more.
            let most = if center.lat().abs() < 80.0 { 2_000 } else { 50_000 };
            prop_assert!(cover.inside.len() + cover.rim.len() < most, "{}", cover.rim.len());
            // Somewhere anywhere, and somewhere about as far as the rim.
            let share = closer * 2.0 * radius_km / center.distance_km(near).max(1.0);
            let lat = center.lat() + (near.lat() - center.lat()) * share;
            let lon = center.lon() + (near.lon() - center.lon()) * share;
            for point in [near, Point::new(lat, lon), center] {
                let (inside, rim) = (is_covered(&cover.inside, point), is_covered(&cover.rim, point));
                if circle.contains(point) {
                    prop_assert!(inside || rim);
                } else {
                    prop_assert!(!inside);
                }
            }
        }
    }
}
