//! What the description says of the 128 documented functions.
//!
//! The official documents come with each task, from the user's wheel; a plugin must describe itself before it sees
//! one. So this table has the types (the rest of a signature is in `classes`) and a few words of ours, and a test
//! beside the parity check holds it against the official documents.

use coevo_sdk::{Tool, Ty};

use crate::classes::{Default, Function};
use crate::world::CLASSES;

/// `close_ticket` takes a text, too: one ground truth gives it one, and needs the refusal.
///
/// A line is `name types what it does`: one letter for each parameter in order (`s` text, `i` integer, `x` either, `n` number,
/// `b` boolean, `S` texts, `N` numbers, `o` object, `-` for none), and `!` where a call may change the state.
const TABLE: &str = "
cat s show a file of the current directory
cd s! go into a directory of the current one, or `..`
cp ss! copy a file or directory within the current directory
diff ss compare two files line by line
du b size of the current directory
echo ss! print a text, or write it into a file that exists
find ss search a directory and all below it by part of a name
grep ss lines of a file that contain a text
ls b names in the current directory
mkdir s! make a directory here
mv ss! move or rename within the current directory
pwd - where the current directory is
rm s! remove a file or directory
rmdir s! remove an empty directory
sort s a file's lines in order
tail si last lines of a file
touch s! make an empty file here
wc ss count a file's lines (l), words (w) or characters (c)
absolute_value n size without sign
add nn sum of two numbers
divide nn quotient
imperial_si_conversion nss convert between imperial and SI units
logarithm nni logarithm to a base, with so many digits
max_value N largest number of a list
mean N mean of a list
min_value N smallest number of a list
multiply nn product
percentage nn a part in percent of the whole
power nn a base to an exponent
round_number ni round to so many decimals
si_unit_conversion nss convert between SI units of length
square_root ni square root, with so many digits
standard_deviation N standard deviation of a list
subtract nn difference
sum_values N sum of a list
add_contact s! add a user to the workspace
delete_message s! delete the newest message to a receiver
get_message_stats - how many messages and contacts there are
get_user_id s id of a user by name
list_users - names of all users
message_get_login_status - whether someone is logged in
message_login s! log in by user id
search_messages s messages that contain a word
send_message ss! send a message to a user id
view_messages_sent - messages by receiver
authenticate_twitter ss! log in
comment is! comment on a post
follow_user s! follow a user
get_tweet i a post by number
get_tweet_comments i comments of a post
get_user_stats s posts, followers and the like of a user
get_user_tweets s posts of a user
list_all_following - whom you follow
mention iS! mention users in a post
post_tweet sSS! post a text with tags and mentions
posting_get_login_status - whether you are logged in
retweet i! share a post
search_tweets s posts that contain a word
unfollow_user s! follow a user no longer
close_ticket x! close a ticket
create_ticket ssi! open a ticket
edit_ticket io! change fields of a ticket
get_ticket i a ticket by number
get_user_tickets s your tickets, all or of one status
logout -! log out
resolve_ticket is! resolve a ticket with an explanation
ticket_get_login_status - whether someone is logged in
ticket_login ss! log in
add_to_watchlist s! watch a stock
cancel_order i! cancel an order that is not completed
filter_stocks_by_price Snn stocks whose price is within bounds
fund_account n! pay money into the account
get_account_info - balance and binding card
get_available_stocks s symbols of a sector
get_current_time - time of the market
get_order_details i an order by number
get_order_history - numbers of all orders
get_stock_info s price and averages of a stock
get_symbol_by_name s symbol of a company
get_transaction_history ss deposits and withdrawals between two dates
get_watchlist - watched stocks
notify_price_change Sn stocks that moved by more than a threshold
place_order ssni! order a stock: kind, symbol, price, amount
remove_stock_from_watchlist s! watch a stock no longer
trading_get_login_status - whether you are logged in
trading_login ss! log in
trading_logout -! log out
withdraw_funds n! take money out of the account
authenticate_travel ssssss! log in; gives the access token
book_flight ssssss! book a flight with a registered card
cancel_booking ss! cancel a booking
compute_exchange_rate ssn convert an amount between currencies
contact_customer_support ss write to support about a booking
get_all_credit_cards - registered cards
get_booking_history s your bookings
get_budget_fiscal_year ss the fiscal year of the budget
get_credit_card_balance ss what is left on a card
get_flight_cost ssss! price of a flight by route, date and class
get_nearest_airport_by_city s airport of a city
list_all_airports - codes of all airports
purchase_insurance sssns! insure a booking
register_credit_card ssssi! register a card
retrieve_invoice sss invoice of a booking or insurance
set_budget_limit sn! set the budget in dollars
travel_get_login_status - whether the token is valid
verify_traveler_information ssss check a traveller's data
activateParkingBrake s! engage or release the parking brake
adjustClimateControl nsis! set temperature, unit, fan speed and mode
check_tire_pressure - pressure of all tyres
displayCarStatus s one part of the car's status
display_log S show messages
estimate_distance ss distance of two zip codes
estimate_drive_feasibility_by_mileage n whether the fuel is enough
fillFuelTank n! add fuel, in gallons
find_nearest_tire_shop - where the next tyre shop is
gallon_to_liter n convert a volume
get_current_speed -! speed now
get_outside_temperature_from_google -! temperature outside
get_outside_temperature_from_weather_com - temperature outside
get_zipcode_based_on_city s zip code of a city
liter_to_gallon n convert a volume
lockDoors bS! lock or unlock doors
pressBrakePedal n! press the brake, from 0 to 1
releaseBrakePedal -! release the brake
setCruiseControl nbn! set cruise control
setHeadlights s! headlights on, off or auto
set_navigation s! navigate to a place
startEngine s! start or stop the engine
";

/// Functions that may report an error and have changed the state before: their report is a plain result, since an error
/// of the ABI promises that nothing changed.
pub const CHANGE_BEFORE_ERROR: &[&str] = &["add_contact", "setCruiseControl", "set_navigation"];

fn ty(letter: char) -> Ty {
    match letter {
        'i' => Ty::Int,
        'x' => Ty::IntOrString,
        'n' => Ty::Number,
        'b' => Ty::Bool,
        'S' => Ty::Strings,
        'N' => Ty::Numbers,
        'o' => Ty::Object(&[]),
        _ => Ty::String,
    }
}

/// A function's signature by name, wherever it is.
pub fn function(name: &str) -> Option<&'static Function> {
    CLASSES.iter().flat_map(|(_, functions)| *functions).find(|function| function.name == name)
}

/// The documented functions of a class, in the order of its table.
pub fn documented(class: &str) -> impl Iterator<Item = &'static str> {
    let functions = CLASSES.iter().find(|(name, _)| *name == class).map_or(&[][..], |(_, functions)| functions);
    functions.iter().map(|function| function.name).filter(|name| lines().any(|(line, ..)| line == *name))
}

/// Name, types and words of each line.
fn lines() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    TABLE.lines().filter_map(|line| {
        let (name, rest) = line.split_once(' ')?;
        let (types, doc) = rest.split_once(' ')?;
        Some((name, types, doc))
    })
}

/// All tools. A line whose class is not there is left out.
pub fn tools() -> Vec<Tool> {
    let tool = |(name, types, doc): (&'static str, &'static str, &'static str)| {
        let mut tool = Tool::new(name).doc(doc).returns_anything();
        let letters = types.trim_end_matches(['!', '-']).chars();
        for ((param, default), letter) in function(name)?.params.iter().zip(letters) {
            tool = match default {
                Default::Required => tool.arg(param, ty(letter), ""),
                _ => tool.opt(param, ty(letter), ""),
            };
        }
        tool = tool
            .error("error", "the tool reports what went wrong; nothing has changed")
            .error("exception", "the tool broke off, mostly for a value that it cannot work with");
        Some(if types.ends_with('!') { tool.mutates() } else { tool })
    };
    lines().filter_map(tool).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_a_type_for_each_parameter() {
        for (name, types, _) in lines() {
            let Some(function) = function(name) else { continue };
            assert_eq!(types.trim_end_matches(['!', '-']).len(), function.params.len(), "{name} {types}");
        }
        assert_eq!(lines().count(), 128);
    }
}
