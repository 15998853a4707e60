//! `TicketAPI`: a queue of support tickets.

use serde::{Deserialize, Serialize};

use super::Default::{self, Required};
use super::{Class, Ctx, Function, no_method, setting};
use crate::py::{self, Py, PyErr, PyResult};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketApi {
    ticket_queue: Py,
    ticket_counter: Py,
    current_user: Py,
}

const TICKET: &[(&str, Default)] = &[("ticket_id", Required)];

/// What `edit_ticket` may change.
const EDITABLE: &[&str] = &["title", "description", "status", "priority"];

impl Class for TicketApi {
    const NAME: &'static str = "TicketAPI";
    const FUNCTIONS: &'static [Function] = &[
        Function { name: "close_ticket", params: TICKET },
        Function {
            name: "create_ticket",
            params: &[("title", Required), ("description", Default::Str("")), ("priority", Default::Int(1))],
        },
        Function { name: "edit_ticket", params: &[("ticket_id", Required), ("updates", Required)] },
        Function { name: "get_ticket", params: TICKET },
        Function { name: "get_user_tickets", params: &[("status", Default::None)] },
        Function { name: "logout", params: &[] },
        Function { name: "resolve_ticket", params: &[("ticket_id", Required), ("resolution", Required)] },
        Function { name: "ticket_get_login_status", params: &[] },
        Function { name: "ticket_login", params: &[("username", Required), ("password", Required)] },
    ];

    attributes! {
        "ticket_queue" = ticket_queue,
        "ticket_counter" = ticket_counter,
        "current_user" = current_user,
    }

    fn load(config: &mut Py, _: Ctx<'_>) -> Result<Self, PyErr> {
        Ok(Self {
            ticket_queue: setting(config, "ticket_queue", Vec::new()),
            ticket_counter: setting(config, "ticket_counter", 1),
            current_user: setting(config, "current_user", Py::None),
        })
    }

    fn call(&mut self, function: &str, args: &[Py], _: Ctx<'_>) -> PyResult {
        match (function, args) {
            ("create_ticket", [title, description, priority]) => self.create(title, description, priority),
            ("get_user_tickets", [status]) => self.own(status),
            ("ticket_get_login_status", []) => Ok(Py::dict([("login_status", self.current_user.truth())])),
            ("ticket_login", [user, password]) => {
                let success = user.truth() && password.truth();
                if success {
                    self.current_user = user.clone();
                }
                Ok(Py::dict([("success", success)]))
            }
            ("logout", []) => {
                let success = self.current_user.truth();
                if success {
                    self.current_user = Py::None;
                }
                Ok(Py::dict([("success", success)]))
            }
            (_, [id, rest @ ..]) => {
                let Some(ticket) = self.find(id)? else {
                    return Ok(Py::error(format!("Ticket with ID {} not found.", py::str(id))));
                };
                match (function, rest) {
                    ("get_ticket", []) => Ok(ticket.clone()),
                    ("close_ticket", []) => finish(ticket, id, "Closed"),
                    ("resolve_ticket", [resolution]) => {
                        let outcome = finish(ticket, id, "Resolved")?;
                        if outcome.get("status").is_some() {
                            ticket.set("resolution", resolution.clone());
                        }
                        Ok(outcome)
                    }
                    ("edit_ticket", [updates]) => edit(ticket, id, updates),
                    _ => Err(no_method(Self::NAME, function)),
                }
            }
            _ => Err(no_method(Self::NAME, function)),
        }
    }
}

/// Closes or resolves a ticket.
fn finish(ticket: &mut Py, id: &Py, status: &'static str) -> PyResult {
    let (id, end) = (py::str(id), status.to_lowercase());
    let key = Py::from("status");
    let old = ticket.at_mut(&key)?;
    if old.as_str() == Some(status) {
        return Ok(Py::error(format!("Ticket with ID {id} is already {end}.")));
    }
    *old = Py::from(status);
    Ok(Py::dict([("status", format!("Ticket {id} has been {end} successfully."))]))
}

fn edit(ticket: &mut Py, id: &Py, updates: &Py) -> PyResult {
    let pairs = updates.pairs().ok_or_else(|| PyErr::attribute(updates, "keys"))?;
    let invalid =
        pairs.iter().map(|(key, _)| key).filter(|key| !key.as_str().is_some_and(|key| EDITABLE.contains(&key)));
    let mut names = Vec::new();
    for (at, name) in invalid.enumerate() {
        let of = name.type_name();
        names.push(
            name.as_str().ok_or_else(|| PyErr(format!("sequence item {at}: expected str instance, {of} found")))?,
        );
    }
    if !names.is_empty() {
        // In CPython a set: its order changes with the hash seed.
        return Ok(Py::error(format!("Invalid fields for update: {}", names.join(", "))));
    }
    for (key, value) in pairs.iter().filter(|(_, value)| !value.is_none()) {
        ticket.set(key.clone(), value.clone());
    }
    Ok(Py::dict([("status", format!("Ticket {} has been updated successfully.", py::str(id)))]))
}

impl TicketApi {
    fn find(&mut self, id: &Py) -> Result<Option<&mut Py>, PyErr> {
        let key = Py::from("id");
        let Py::List(queue) = &mut self.ticket_queue else { return Ok(None) };
        for ticket in queue {
            if ticket.at(&key)? == id {
                return Ok(Some(ticket));
            }
        }
        Ok(None)
    }

    fn create(&mut self, title: &Py, description: &Py, priority: &Py) -> PyResult {
        if !self.current_user.truth() {
            return Ok(Py::error("User not authenticated. Please log in to create a ticket."));
        }
        if py::less(priority, &Py::Int(1))? || py::more(priority, &Py::Int(5))? {
            return Ok(Py::error("Invalid priority. Priority must be between 1 and 5."));
        }
        let ticket = Py::dict([
            ("id", self.ticket_counter.clone()),
            ("title", title.clone()),
            ("description", description.clone()),
            ("status", "Open".into()),
            ("priority", priority.clone()),
            ("created_by", self.current_user.clone()),
        ]);
        self.ticket_queue.as_list_mut().ok_or_else(|| PyErr::new("no list of tickets"))?.push(ticket.clone());
        py::in_place(&mut self.ticket_counter, "+", &Py::Int(1))?;
        Ok(ticket)
    }

    /// Tickets of the current user, in one status if it is given.
    fn own(&self, status: &Py) -> PyResult {
        if !self.current_user.truth() {
            return Ok(vec![Py::error("User not authenticated. Please log in to view tickets.")].into());
        }
        let (by, key) = (Py::from("created_by"), Py::from("status"));
        let mut found = Vec::new();
        for ticket in self.ticket_queue.items().unwrap_or_default() {
            if ticket.at(&by)? == &self.current_user {
                found.push(ticket);
            }
        }
        if status.truth() {
            let mut kept = Vec::new();
            for ticket in found {
                if ticket.at(&key)?.text("lower")?.to_lowercase() == status.text("lower")?.to_lowercase() {
                    kept.push(ticket);
                }
            }
            found = kept;
        }
        Ok(found.into_iter().cloned().collect::<Vec<Py>>().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_go_through_their_states() {
        let ctx = Ctx { long: &[], today: (2026, 1, 1) };
        let config = "{'current_user': 'ann', 'ticket_queue': [{'id': 7}, {'status': 'Open'}]}";
        let mut api = TicketApi::load(&mut py::parse_literal(config).unwrap(), ctx).unwrap();
        for (function, args, want) in [
            ("close_ticket", "7", "raised 'status'"),
            ("get_ticket", "8", "raised 'id'"),
            (
                "edit_ticket",
                "7.0, {'status': 'Open', 'priority': None}",
                "{'status': 'Ticket 7.0 has been updated successfully.'}",
            ),
            ("edit_ticket", "7, {'owner': 'bo'}", "{'error': 'Invalid fields for update: owner'}"),
            ("edit_ticket", "7, 'Open'", "raised 'str' object has no attribute 'keys'"),
            ("resolve_ticket", "7, 'fixed'", "{'status': 'Ticket 7 has been resolved successfully.'}"),
            ("resolve_ticket", "7, 'again'", "{'error': 'Ticket with ID 7 is already resolved.'}"),
            ("get_ticket", "7", "{'id': 7, 'status': 'Resolved', 'resolution': 'fixed'}"),
            ("create_ticket", "'t', '', 6", "{'error': 'Invalid priority. Priority must be between 1 and 5.'}"),
            ("create_ticket", "'t', '', 'high'", "raised '<' not supported between instances of 'str' and 'int'"),
            ("get_user_tickets", "None", "raised 'created_by'"),
            ("logout", "", "{'success': True}"),
            ("get_user_tickets", "None", "[{'error': 'User not authenticated. Please log in to view tickets.'}]"),
        ] {
            let args = py::parse_literal(&format!("[{args}]")).unwrap();
            let got = api.call(function, args.items().unwrap(), ctx);
            let got = got.map_or_else(|error| format!("raised {}", error.0), |value| py::repr(&value));
            assert_eq!(got, want, "{function}({args:?})");
        }
    }
}
