//! What a customer can want in one turn.

/// How the customer names a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// By city, index into [`crate::world::CITIES`]: the code must be looked up unless it is known.
    City(usize),
    /// By airport code.
    Code(usize),
}

/// How the customer names a booking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Which {
    Id(u32),
    /// By destination: the id must be looked up unless it is known.
    Trip(u32, usize),
    /// The one made in this conversation.
    That,
}

/// Which flight of the search result.
#[derive(Clone, Debug, PartialEq)]
pub enum Pick {
    Cheapest,
    At(String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Detail {
    Date,
    Departure,
    Paid,
}

/// What the customer wants in one turn.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    Code {
        city: usize,
    },
    Balance {
        card: &'static str,
    },
    Points,
    List,
    /// `None`: the price mentioned last.
    Convert {
        amount: Option<u32>,
        currency: usize,
    },
    Look {
        which: Which,
        detail: Detail,
    },
    Search {
        from: Place,
        to: Place,
        date: String,
    },
    Book {
        pick: Pick,
        card: &'static str,
    },
    BookFor {
        pick: Pick,
        card: &'static str,
        name: &'static str,
        passport: String,
    },
    /// The budget must be raised first.
    BookBudget {
        pick: Pick,
        card: &'static str,
        budget: u32,
    },
    /// The second card, should the first be declined.
    BookEither {
        pick: Pick,
        cards: [&'static str; 2],
    },
    SearchBook {
        from: Place,
        to: Place,
        date: String,
        card: &'static str,
    },
    /// After the quotes have expired.
    Rebook {
        card: &'static str,
    },
    Bag {
        which: Which,
        bags: u32,
    },
    Seat {
        which: Which,
        seat: String,
    },
    /// The second seat, should the first be taken.
    SeatEither {
        which: Which,
        seats: [String; 2],
    },
    BagSeat {
        which: Which,
        bags: u32,
        seat: String,
    },
    Change {
        which: Which,
        date: String,
    },
    Cancel {
        which: Which,
    },
    /// Another date, should the fare not be refundable.
    CancelOrMove {
        which: Which,
        date: String,
    },
    Redeem {
        which: Which,
        points: u32,
    },
    RedeemAll {
        which: Which,
    },
    Budget {
        amount: u32,
    },
    Traveler {
        name: &'static str,
        passport: String,
    },
}

impl Intent {
    /// Whether the customer can forget to say something.
    pub fn can_lack(&self) -> bool {
        !matches!(
            self,
            Intent::Points
                | Intent::List
                | Intent::Look { .. }
                | Intent::Cancel { .. }
                | Intent::RedeemAll { .. }
                | Intent::BookBudget { .. }
                | Intent::SeatEither { .. }
                | Intent::BagSeat { .. }
                | Intent::CancelOrMove { .. }
                | Intent::BookEither { .. }
        )
    }

    /// Whether its answer names a price that "that" can mean.
    pub fn names_price(&self) -> bool {
        matches!(
            self,
            Intent::Search { .. }
                | Intent::Book { .. }
                | Intent::BookFor { .. }
                | Intent::BookBudget { .. }
                | Intent::BookEither { .. }
                | Intent::SearchBook { .. }
        )
    }

    /// Whether it adds a bag or a seat.
    pub fn adds(&self) -> bool {
        matches!(self, Intent::Bag { .. } | Intent::Seat { .. } | Intent::SeatEither { .. } | Intent::BagSeat { .. })
    }
}
