//! `TwitterAPI`: tweets, comments, retweets, and whom the user follows.

use serde::{Deserialize, Serialize};

use super::Default::{self, Required};
use super::{Class, Ctx, Function, no_method, setting};
use crate::py::{self, Py, PyErr, PyResult, string};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TwitterApi {
    username: Py,
    password: Py,
    authenticated: Py,
    /// By number.
    tweets: Py,
    /// By number, but as they were loaded by text: comments of the scenario are never found.
    comments: Py,
    /// By user.
    retweets: Py,
    following_list: Py,
    tweet_counter: Py,
    /// Tweets whose `mentions` are the default of `post_tweet`. That list is one object: a mention in one of these tweets is
    /// in all of them, and in those to come.
    default_mentions: Vec<Py>,
    share_mentions: Vec<Py>,
}

const TWEET: &[(&str, Default)] = &[("tweet_id", Required)];
const USERNAME: &[(&str, Default)] = &[("username", Required)];

impl Class for TwitterApi {
    const NAME: &'static str = "TwitterAPI";
    const FUNCTIONS: &'static [Function] = &[
        Function { name: "authenticate_twitter", params: &[("username", Required), ("password", Required)] },
        Function { name: "comment", params: &[("tweet_id", Required), ("comment_content", Required)] },
        Function { name: "follow_user", params: &[("username_to_follow", Required)] },
        Function { name: "get_tweet", params: TWEET },
        Function { name: "get_tweet_comments", params: TWEET },
        Function { name: "get_user_stats", params: USERNAME },
        Function { name: "get_user_tweets", params: USERNAME },
        Function { name: "list_all_following", params: &[] },
        Function { name: "mention", params: &[("tweet_id", Required), ("mentioned_usernames", Required)] },
        Function {
            name: "post_tweet",
            params: &[("content", Required), ("tags", Default::List), ("mentions", Default::List)],
        },
        Function { name: "posting_get_login_status", params: &[] },
        Function { name: "retweet", params: TWEET },
        Function { name: "search_tweets", params: &[("keyword", Required)] },
        Function { name: "unfollow_user", params: &[("username_to_unfollow", Required)] },
    ];

    attributes! {
        "username" = username,
        "password" = password,
        "authenticated" = authenticated,
        "tweets" = tweets,
        "comments" = comments,
        "retweets" = retweets,
        "following_list" = following_list,
        "tweet_counter" = tweet_counter,
    }

    fn load(config: &mut Py, _: Ctx<'_>) -> Result<Self, PyErr> {
        let empty = || Py::Dict(Vec::new());
        let mut tweets = empty();
        if let Some(Py::Dict(given)) = config.take("tweets") {
            for (key, tweet) in given {
                tweets.set(number(&key)?, tweet);
            }
        }
        Ok(Self {
            username: setting(config, "username", "john"),
            password: setting(config, "password", "john123"),
            authenticated: setting(config, "authenticated", false),
            tweets,
            comments: setting(config, "comments", empty()),
            retweets: setting(config, "retweets", empty()),
            following_list: setting(config, "following_list", Py::texts(["alice", "bob"])),
            tweet_counter: setting(config, "tweet_counter", 0),
            default_mentions: Vec::new(),
            share_mentions: Vec::new(),
        })
    }

    fn call(&mut self, function: &str, args: &[Py], _: Ctx<'_>) -> PyResult {
        let needs = match function {
            "post_tweet" => Some("posting"),
            "retweet" => Some("retweeting"),
            "comment" => Some("commenting"),
            "follow_user" => Some("following"),
            "list_all_following" => Some("listing following"),
            "unfollow_user" => Some("unfollowing"),
            _ => None,
        };
        if let Some(action) = needs.filter(|_| !self.authenticated.truth()) {
            return Ok(Py::error(format!("User not authenticated. Please authenticate before {action}.")));
        }
        match (function, args) {
            ("authenticate_twitter", [username, password]) => {
                let known = *username == self.username && *password == self.password;
                if known {
                    self.authenticated = Py::Bool(true);
                }
                Ok(Py::dict([("authentication_status", known)]))
            }
            ("posting_get_login_status", []) => Ok(Py::dict([("login_status", self.authenticated.truth())])),
            ("post_tweet", [content, tags, mentions]) => self.post(content, tags, mentions),
            ("follow_user", [user]) => {
                let new = !self.following_list.contains(user);
                if let Some(list) = self.following_list.as_list_mut().filter(|_| new) {
                    list.push(user.clone());
                }
                Ok(Py::dict([("follow_status", new)]))
            }
            ("unfollow_user", [user]) => {
                let list = self.following_list.as_list_mut();
                let found = list.and_then(|list| Some((list.iter().position(|have| have == user)?, list)));
                let followed = found.is_some();
                if let Some((at, list)) = found {
                    list.remove(at);
                }
                Ok(Py::dict([("unfollow_status", followed)]))
            }
            ("list_all_following", []) => Ok(Py::dict([("following_list", self.following_list.clone())])),
            ("get_user_tweets", [user]) => self.of_user(user).map(Py::List),
            ("get_user_stats", [user]) => self.stats(user),
            ("search_tweets", [keyword]) => self.search(keyword),
            (_, [id, rest @ ..]) => match (self.tweets.find(id)?, function, rest) {
                (None, ..) => Ok(Py::error(format!("Tweet with ID {} not found.", py::str(id)))),
                (Some(tweet), "get_tweet", []) => Ok(tweet.clone()),
                (_, "get_tweet_comments", []) => {
                    Ok(self.comments.find(id)?.cloned().unwrap_or_else(|| Py::List(Vec::new())))
                }
                (_, "comment", [content]) => {
                    let comment = Py::dict([("username", self.username.clone()), ("content", content.clone())]);
                    append(&mut self.comments, id, comment)?;
                    Ok(Py::dict([("comment_status", "Comment added successfully")]))
                }
                (_, "retweet", []) => {
                    let known = self.retweets.find(&self.username)?.is_some_and(|list| list.contains(id));
                    if !known {
                        append(&mut self.retweets, &self.username, id.clone())?;
                    }
                    let status = if known { "Already retweeted" } else { "Successfully retweeted" };
                    Ok(Py::dict([("retweet_status", status)]))
                }
                (_, "mention", [users]) => self.mention(id, users),
                _ => Err(no_method(Self::NAME, function)),
            },
            _ => Err(no_method(Self::NAME, function)),
        }
    }
}

/// `int(key)` of a key of the scenario.
fn number(key: &Py) -> PyResult {
    match key {
        Py::Str(text) => string::strip(text)
            .parse()
            .map(Py::Int)
            .map_err(|_| PyErr(format!("invalid literal for int() with base 10: {}", py::repr(key)))),
        _ => Ok(key.clone()),
    }
}

/// Appends to the list under a key, which need not be there yet.
fn append(dict: &mut Py, key: &Py, item: Py) -> Result<(), PyErr> {
    if dict.find(key)?.is_none() {
        dict.set(key.clone(), Vec::new());
    }
    let list = dict.at_mut(key)?;
    match list {
        Py::List(items) => items.push(item),
        other => return Err(PyErr::attribute(other, "append")),
    }
    Ok(())
}

impl TwitterApi {
    fn all(&self) -> impl Iterator<Item = &Py> {
        self.tweets.pairs().unwrap_or_default().iter().map(|(_, tweet)| tweet)
    }

    fn post(&mut self, content: &Py, tags: &Py, mentions: &Py) -> PyResult {
        let id = self.tweet_counter.clone();
        let default = |value: &Py| matches!(value, Py::Object(_));
        let tags = if default(tags) { Py::List(Vec::new()) } else { tags.clone() };
        // A tweet of this number is replaced, and with it what it shared.
        self.share_mentions.retain(|other| *other != id);
        let mentions = if default(mentions) {
            self.share_mentions.push(id.clone());
            Py::List(self.default_mentions.clone())
        } else {
            mentions.clone()
        };
        let tweet = Py::dict([
            ("id", id.clone()),
            ("username", self.username.clone()),
            ("content", content.clone()),
            ("tags", tags),
            ("mentions", mentions),
        ]);
        self.tweets.set(id, tweet.clone());
        py::in_place(&mut self.tweet_counter, "+", &Py::Int(1))?;
        Ok(tweet)
    }

    fn mention(&mut self, id: &Py, users: &Py) -> PyResult {
        let key = Py::from("mentions");
        let list = self.tweets.at_mut(id)?.at_mut(&key)?;
        match list {
            Py::List(list) => list.extend(users.iterate()?),
            other => return Err(PyErr::attribute(other, "extend")),
        }
        if self.share_mentions.contains(id) {
            self.default_mentions.extend(users.iterate()?);
            for other in &self.share_mentions {
                *self.tweets.at_mut(other)?.at_mut(&key)? = self.default_mentions.clone().into();
            }
        }
        Ok(Py::dict([("mention_status", "Users mentioned successfully")]))
    }

    fn of_user(&self, user: &Py) -> Result<Vec<Py>, PyErr> {
        let key = Py::from("username");
        let mut found = Vec::new();
        for tweet in self.all() {
            if tweet.at(&key)? == user {
                found.push(tweet.clone());
            }
        }
        Ok(found)
    }

    fn search(&self, keyword: &Py) -> PyResult {
        let mut found = Vec::new();
        for tweet in self.all() {
            let keyword = keyword.text("lower")?.to_lowercase();
            let mut hit = tweet.at(&"content".into())?.text("lower")?.to_lowercase().contains(&keyword);
            if !hit {
                for tag in tweet.at(&"tags".into())?.iterate()? {
                    hit |= tag.text("lower")?.to_lowercase() == keyword;
                }
            }
            if hit {
                found.push(tweet.clone());
            }
        }
        Ok(Py::List(found))
    }

    fn stats(&self, user: &Py) -> PyResult {
        let count = |list: Option<&Py>| list.and_then(Py::items).map_or(0, <[Py]>::len) as i64;
        Ok(Py::dict([
            ("tweet_count", self.of_user(user)?.len() as i64),
            ("following_count", if *user == self.username { count(Some(&self.following_list)) } else { 0 }),
            ("retweet_count", count(self.retweets.find(user)?)),
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(config: &str, calls: &[(&str, &str, &str)]) -> TwitterApi {
        let ctx = Ctx { long: &[], today: (2026, 1, 1) };
        let mut api = TwitterApi::load(&mut py::parse_literal(config).unwrap(), ctx).unwrap();
        for (function, args, want) in calls {
            let function = TwitterApi::FUNCTIONS.iter().find(|known| known.name == *function).unwrap();
            let args = py::parse_literal(&format!("[{args}]")).unwrap();
            let args = super::super::bind("TwitterAPI", function, args.items().unwrap(), Vec::new()).unwrap();
            let got = api.call(function.name, &args, ctx);
            let got = got.map_or_else(|error| format!("raised {}", error.0), |value| py::repr(&value));
            assert_eq!(got, *want, "{}({args:?})", function.name);
        }
        api
    }

    #[test]
    fn the_default_of_mentions_is_one_list() {
        let api = run(
            "{'authenticated': True}",
            &[
                ("post_tweet", "'a'", "{'id': 0, 'username': 'john', 'content': 'a', 'tags': [], 'mentions': []}"),
                (
                    "post_tweet",
                    "'b', [], []",
                    "{'id': 1, 'username': 'john', 'content': 'b', 'tags': [], 'mentions': []}",
                ),
                ("mention", "1, ['@x']", "{'mention_status': 'Users mentioned successfully'}"),
                ("mention", "0, ['@y']", "{'mention_status': 'Users mentioned successfully'}"),
                ("post_tweet", "'c'", "{'id': 2, 'username': 'john', 'content': 'c', 'tags': [], 'mentions': ['@y']}"),
                ("mention", "2, 'ab'", "{'mention_status': 'Users mentioned successfully'}"),
            ],
        );
        let mentions: Vec<String> = api.all().map(|tweet| py::repr(tweet.get("mentions").unwrap())).collect();
        assert_eq!(mentions, ["['@y', 'a', 'b']", "['@x']", "['@y', 'a', 'b']"]);
    }

    #[test]
    fn comments_of_the_scenario_are_not_found() {
        run(
            "{'authenticated': True, 'tweets': {'1': {'username': 'ann', 'content': 'Hello', 'tags': ['#Hi']}}, \
             'comments': {'1': [{'username': 'bo'}]}}",
            &[
                ("get_tweet_comments", "1", "[]"),
                ("comment", "1.0, 'x'", "{'comment_status': 'Comment added successfully'}"),
                ("get_tweet_comments", "True", "[{'username': 'john', 'content': 'x'}]"),
                ("get_tweet_comments", "'1'", "{'error': 'Tweet with ID 1 not found.'}"),
                ("mention", "1, ['@x']", "raised 'mentions'"),
                ("search_tweets", "'#hi'", "[{'username': 'ann', 'content': 'Hello', 'tags': ['#Hi']}]"),
                ("retweet", "1", "{'retweet_status': 'Successfully retweeted'}"),
                ("retweet", "1", "{'retweet_status': 'Already retweeted'}"),
                ("get_user_stats", "'john'", "{'tweet_count': 0, 'following_count': 2, 'retweet_count': 1}"),
            ],
        );
    }
}
