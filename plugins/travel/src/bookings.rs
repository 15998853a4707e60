//! Tools on a booking that exists.

use coevo_sdk::{ToolError, Value, args, json};

use crate::calls::{check_payment, future_date, pay};
use crate::fail;
use crate::state::{BAG_FEE, Booking, CHANGE_FEE, MAX_BAGS, POINTS_PER_EURO, State, parse_seat, seat_fee};
use crate::world::city_of;

type Outcome = Result<Value, ToolError>;

fn named<'a>(state: &'a State, args: &Value) -> Result<(u32, &'a Booking), ToolError> {
    let text = args::string(args, "booking")?;
    let found = args::id(text, 'b').and_then(|id| state.bookings.get(&id).map(|booking| (id, booking)));
    found.ok_or_else(|| fail::unknown_booking(text))
}

fn confirmed<'a>(state: &'a State, args: &Value) -> Result<(u32, &'a Booking), ToolError> {
    let (id, booking) = named(state, args)?;
    if booking.cancelled { Err(fail::already_cancelled()) } else { Ok((id, booking)) }
}

/// Charges a fee to the booking's card and changes the booking.
fn charge(state: &mut State, id: u32, fee: u32, change: impl FnOnce(&mut Booking)) -> Result<(), ToolError> {
    let card = state.bookings[&id].card.clone();
    check_payment(state, &card, fee)?;
    pay(state, &card, fee);
    if let Some(booking) = state.bookings.get_mut(&id) {
        booking.paid += fee;
        change(booking);
    }
    state.changed();
    Ok(())
}

/// Gives money back to the booking's card and changes the booking.
fn credit(state: &mut State, id: u32, amount: u32, change: impl FnOnce(&mut Booking)) {
    let Some(booking) = state.bookings.get_mut(&id) else { return };
    booking.paid -= amount;
    change(booking);
    let card = booking.card.clone();
    if let Some(left) = state.cards.get_mut(&card) {
        *left += amount;
    }
    state.spent -= amount;
    state.changed();
}

pub fn get(state: &State, args: &Value) -> Outcome {
    let (_, booking) = named(state, args)?;
    let flight = &state.flights[&booking.flight];
    let mut result = json!({
        "status": if booking.cancelled { "cancelled" } else { "confirmed" },
        "to": city_of(&flight.to),
        "date": booking.date,
        "dep": flight.dep,
        "paid": booking.paid,
        "bags": booking.bags,
    });
    if let Some(seat) = &booking.seat {
        result["seat"] = Value::from(seat.as_str());
    }
    Ok(result)
}

pub fn list(state: &State) -> Value {
    let bookings: Vec<Value> = state
        .bookings
        .iter()
        .filter(|(_, booking)| !booking.cancelled)
        .map(|(id, booking)| {
            json!({"booking": format!("b{id}"), "to": city_of(&state.flights[&booking.flight].to), "date": booking.date})
        })
        .collect();
    json!({"bookings": bookings})
}

pub fn cancel(state: &mut State, args: &Value) -> Outcome {
    let (id, booking) = confirmed(state, args)?;
    let (number, refund, card) = (booking.flight, booking.paid, booking.card.clone());
    if !state.flights[&number].flex {
        return Err(fail::not_refundable());
    }
    credit(state, id, refund, |booking| booking.cancelled = true);
    if let Some(flight) = state.flights.get_mut(&number) {
        flight.seats += 1;
    }
    Ok(json!({"refund": refund, "card": card}))
}

pub fn change_date(state: &mut State, args: &Value) -> Outcome {
    let (id, booking) = confirmed(state, args)?;
    let date = future_date(state, args)?.to_owned();
    if booking.date == date {
        return Err(fail::same_date());
    }
    charge(state, id, CHANGE_FEE, |booking| booking.date.clone_from(&date))?;
    Ok(json!({"date": date, "fee": CHANGE_FEE}))
}

pub fn add_bag(state: &mut State, args: &Value) -> Outcome {
    let (id, booking) = confirmed(state, args)?;
    let more = args::uint(args, "bags")?;
    let bags = booking.bags.saturating_add(more);
    if bags > MAX_BAGS {
        return Err(fail::bag_limit(booking.bags));
    }
    let fee = BAG_FEE * more;
    charge(state, id, fee, |booking| booking.bags = bags)?;
    Ok(json!({"bags": bags, "fee": fee}))
}

pub fn choose_seat(state: &mut State, args: &Value) -> Outcome {
    let (id, booking) = confirmed(state, args)?;
    let seat = args::string(args, "seat")?.to_owned();
    let row = parse_seat(&seat).ok_or_else(fail::bad_seat)?;
    let taken = |seat: &str| state.taken.contains(&(booking.flight, seat.to_owned()));
    if taken(&seat) {
        let free = ('A'..='F').map(|letter| format!("{row}{letter}")).filter(|seat| !taken(seat));
        return Err(fail::seat_taken(free.collect()));
    }
    let fee = seat_fee(row);
    charge(state, id, fee, |booking| booking.seat = Some(seat.clone()))?;
    Ok(json!({"seat": seat, "fee": fee}))
}

pub fn redeem_points(state: &mut State, args: &Value) -> Outcome {
    let (id, booking) = confirmed(state, args)?;
    let points = args::uint(args, "points")?;
    if points == 0 || !points.is_multiple_of(POINTS_PER_EURO) {
        return Err(fail::bad_points());
    }
    if points > state.points {
        return Err(fail::not_enough_points(state.points));
    }
    let amount = points / POINTS_PER_EURO;
    if amount > booking.paid {
        return Err(fail::over_price(booking.paid));
    }
    state.points -= points;
    credit(state, id, amount, |_| ());
    Ok(json!({"credit": amount, "points": state.points}))
}
