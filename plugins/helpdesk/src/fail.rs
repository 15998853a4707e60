//! Every way in which a helpdesk tool can refuse, as one closed list.

/// A typed refusal. The code is what programs read, the message is what the agent reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fail {
    NoSession,
    SignedIn,
    UnknownUser,
    WrongPin,
    UnknownPerson,
    NoMatch,
    UnknownTicket,
    TicketClosed,
    NotClosed,
    DuplicateTitle,
    Unchanged,
    NotInTeam,
    HasTag,
    UnknownFile,
    Attached,
    NotEligible,
    Escalated,
    SameTicket,
    EmptyText,
}

impl Fail {
    /// All of them.
    pub const ALL: [Fail; 19] = [
        Fail::NoSession,
        Fail::SignedIn,
        Fail::UnknownUser,
        Fail::WrongPin,
        Fail::UnknownPerson,
        Fail::NoMatch,
        Fail::UnknownTicket,
        Fail::TicketClosed,
        Fail::NotClosed,
        Fail::DuplicateTitle,
        Fail::Unchanged,
        Fail::NotInTeam,
        Fail::HasTag,
        Fail::UnknownFile,
        Fail::Attached,
        Fail::NotEligible,
        Fail::Escalated,
        Fail::SameTicket,
        Fail::EmptyText,
    ];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Fail::NoSession => "no_session",
            Fail::SignedIn => "signed_in",
            Fail::UnknownUser => "unknown_user",
            Fail::WrongPin => "wrong_pin",
            Fail::UnknownPerson => "unknown_person",
            Fail::NoMatch => "no_match",
            Fail::UnknownTicket => "unknown_ticket",
            Fail::TicketClosed => "ticket_closed",
            Fail::NotClosed => "not_closed",
            Fail::DuplicateTitle => "duplicate_title",
            Fail::Unchanged => "unchanged",
            Fail::NotInTeam => "not_in_team",
            Fail::HasTag => "has_tag",
            Fail::UnknownFile => "unknown_file",
            Fail::Attached => "attached",
            Fail::NotEligible => "not_eligible",
            Fail::Escalated => "escalated",
            Fail::SameTicket => "same_ticket",
            Fail::EmptyText => "empty_text",
        }
    }

    /// What the agent is told.
    pub fn message(self) -> &'static str {
        match self {
            Fail::NoSession => "nobody is signed in",
            Fail::SignedIn => "somebody is signed in already",
            Fail::UnknownUser => "no user has this name",
            Fail::WrongPin => "the pin is wrong",
            Fail::UnknownPerson => "no such person",
            Fail::NoMatch => "nothing found",
            Fail::UnknownTicket => "no such ticket",
            Fail::TicketClosed => "the ticket is closed",
            Fail::NotClosed => "the ticket is open",
            Fail::DuplicateTitle => "an open ticket has this title",
            Fail::Unchanged => "the ticket has this value already",
            Fail::NotInTeam => "the person is not in the ticket's team",
            Fail::HasTag => "the ticket has this tag already",
            Fail::UnknownFile => "no such file in the inbox",
            Fail::Attached => "the file is attached already",
            Fail::NotEligible => "the ticket is neither high nor old enough",
            Fail::Escalated => "the ticket is escalated already",
            Fail::SameTicket => "a ticket cannot be merged into itself",
            Fail::EmptyText => "the text is empty",
        }
    }

    /// What would have to hold; goes into the error's details for programs that write hints.
    pub fn requires(self) -> &'static str {
        match self {
            Fail::NoSession => "somebody is signed in with login",
            Fail::SignedIn => "nobody is signed in",
            Fail::UnknownUser => "the first name of a user",
            Fail::WrongPin => "the four digits that the user gave",
            Fail::UnknownPerson => "a person as find_person gives it",
            Fail::NoMatch => "a word that occurs",
            Fail::UnknownTicket => "an id as search_tickets gives it",
            Fail::TicketClosed => "an open ticket",
            Fail::NotClosed => "a closed ticket",
            Fail::DuplicateTitle => "a title that no open ticket has",
            Fail::Unchanged => "a new value",
            Fail::NotInTeam => "a person in the ticket's team",
            Fail::HasTag => "a tag that the ticket does not have",
            Fail::UnknownFile => "an id as list_files gives it",
            Fail::Attached => "a file that is not attached",
            Fail::NotEligible => "high priority, or more than 7 days of age",
            Fail::Escalated => "a ticket that is not escalated",
            Fail::SameTicket => "two different tickets",
            Fail::EmptyText => "at least one word",
        }
    }
}
