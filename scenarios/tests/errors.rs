//! What a user reads after a mistake: every message in full, with place, key, value and hint.

use std::path::Path;

use coevo_scenarios::ResolvedScenario;

/// The error text of `yaml` with `sets`, or the empty text where it is accepted.
fn load(yaml: &str, sets: &[&str]) -> String {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    match ResolvedScenario::parse(yaml, "s.yaml", Path::new("/nowhere"), &sets) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

const HEAD: &str = "name: x\nenvironment: {name: travel}\n";

fn check(body: &str, sets: &[&str], expected: &str) {
    assert_eq!(load(&format!("{HEAD}{body}"), sets), expected, "\n{body}");
}

#[test]
fn mistakes_in_the_file() {
    for (body, expected) in [
        ("", ""),
        (
            "learner: {grup: 8}\n",
            "s.yaml:3:11: `learner.grup` is not a known key (its value is 8)\n  hint: did you mean `group`?",
        ),
        (
            "learning_rate: 0.1\n",
            "s.yaml:3:1: `learning_rate` is not a known key (its value is 0.1)\n  \
             hint: did you mean `learner.learning_rate` or `agent.warm_start.imitation.learning_rate`?",
        ),
        (
            "budgets: {gpus: 8}\n",
            "s.yaml:3:11: `budgets.gpus` is not a known key (its value is 8)\n  hint: known keys here: `steps_per_turn`, \
             `fuel_per_call`, `memory_mib`, `output_kib` and `wall_clock_minutes`",
        ),
        (
            "learner:\n  rounds: eight\n",
            "s.yaml:4:11: `learner.rounds` is the text \"eight\", but must be an integer from 0 to 4294967295\n  \
             hint: leave it out for the default, 8",
        ),
        (
            "learner:\n  rounds: 2.5\n",
            "s.yaml:4:11: `learner.rounds` is 2.5, but must be an integer from 0 to 4294967295\n  \
             hint: leave it out for the default, 8",
        ),
        (
            "seed: -1\n",
            "s.yaml:3:7: `seed` is -1, but must be an integer of 0 or more\n  hint: leave it out for the default, 0",
        ),
        ("agent: [1]\n", "s.yaml:3:8: `agent` is a list, but must be a map of keys"),
        ("agent:\n", ""),
        (
            "learner: {algorithm: grop}\n",
            "s.yaml:3:22: `learner.algorithm` cannot be the text \"grop\"\n  hint: did you mean `grpo`? allowed: `grpo`, `dr_grpo`, `rloo` and `gigpo`",
        ),
        (
            "learner: {aggregation: sum}\n",
            "s.yaml:3:24: `learner.aggregation` cannot be the text \"sum\"\n  \
             hint: allowed: `token_mean` and `sequence_mean`, or a map with the key `constant`",
        ),
        ("learner: {aggregation: {constant: {tokens: 64}}}\n", ""),
        (
            "learner: {aggregation: {constant: {tokens: x}}}\n",
            "s.yaml:3:44: `learner.aggregation.constant.tokens` is the text \"x\", but must be an integer from 0 to 4294967295",
        ),
        ("seed: 1\nseed: 2\n", "s.yaml:4:1: `seed` stands twice\n  hint: keep one of them, or rename the second key"),
        (
            "arms:\n  a: {}\n  b: {}\n  a: {}\n",
            "s.yaml:6:3: `arms.a` stands twice\n  hint: keep one of them, or rename the second arm",
        ),
        ("learner: {rounds: 1\n", "s.yaml:4:1: did not find expected ',' or '}'"),
    ] {
        check(body, &[], expected);
    }
}

#[test]
fn options_that_contradict_the_algorithm() {
    const GRPO: &str = "\n  hint: leave it out, or write `algorithm: grpo`, which takes every option";
    for (body, expected) in [
        ("learner: {algorithm: dr_grpo}\n", String::new()),
        ("learner: {algorithm: grpo}\nadvantages: {scale: none, baseline: leave_one_out, credit: step}\n", String::new()),
        ("learner: {algorithm: gigpo}\nadvantages: {scale: none, step_weight: 0.5, discount: 1}\n", String::new()),
        ("learner: {algorithm: rloo, aggregation: token_mean}\nadvantages: {credit: turn}\n", String::new()),
        (
            "learner: {algorithm: dr_grpo, aggregation: token_mean}\n",
            format!("s.yaml:3:44: `learner.aggregation` is token_mean, but `learner.algorithm: dr_grpo` means constant{GRPO}"),
        ),
        (
            "learner: {algorithm: dr_grpo}\nadvantages: {scale: std}\n",
            format!("s.yaml:4:21: `advantages.scale` is std, but `learner.algorithm: dr_grpo` means none{GRPO}"),
        ),
        (
            "learner: {algorithm: rloo}\nadvantages: {baseline: mean}\n",
            format!("s.yaml:4:24: `advantages.baseline` is mean, but `learner.algorithm: rloo` means leave_one_out{GRPO}"),
        ),
        (
            "advantages: {credit: turn}\narms: {a: {learner: {algorithm: gigpo}}}\n",
            format!("s.yaml:3:22: `advantages.credit` is turn, but `learner.algorithm: gigpo` means step{GRPO}"),
        ),
        (
            "advantages: {step_weight: 0.5}\n",
            "s.yaml:3:27: `advantages.step_weight` is 0.5, which nothing reads where `advantages.credit` is episode\n  \
             hint: write `algorithm: gigpo`, or move it to the arms that do"
                .to_owned(),
        ),
        (
            "learner: {algorithm: gigpo}\nadvantages: {discount: 1.5}\n",
            "s.yaml:4:24: `advantages.discount` is 1.5\n  hint: write a share from 0 to 1, such as 0.95".to_owned(),
        ),
        (
            "agent: {warm_start: {source: synthetic, mistakes: 0.8}}\n",
            "s.yaml:3:51: `agent.warm_start.mistakes` is 0.8, but in made-up conversations one mistake may follow another\n  \
             hint: write a share from 0 to 0.5"
                .to_owned(),
        ),
        (
            "evolution: {shown_to: 0.5}\n",
            "s.yaml:3:23: `evolution.shown_to` is 0.5, but `evolution.train_on` is shown\n  \
             hint: write `evolution.train_on: base`: a group that mixes texts must be trained on one of them"
                .to_owned(),
        ),
        ("evolution: {shown_to: 0.5, train_on: base, shown_when: stuck}\n", String::new()),
        (
            "evolution: {shown_when: stuck}\n",
            "s.yaml:3:25: `evolution.shown_when` is stuck, but `evolution.shown_to` is 1\n  \
             hint: write `evolution.shown_to: 0.5`: the others of a group must play first"
                .to_owned(),
        ),
        (
            "evolution: {train_on: base, shown_when: retry}\n",
            "s.yaml:3:41: `evolution.shown_when` is retry, but `learner.branch` is 0: of 8 episodes none\n  \
             hint: write `learner.branch: 0.5` and a `learner.group` of 4 or more: second tries are branches"
                .to_owned(),
        ),
        (
            "learner: {branch: 0.5}\nadvantages: {credit: value}\nevolution: {shown_when: retry}\n",
            "s.yaml:5:25: `evolution.shown_when` is retry, but `evolution.train_on` is shown\n  \
             hint: write `evolution.train_on: base`: a group that mixes texts must be trained on one of them"
                .to_owned(),
        ),
        (
            "advantages: {baseline: zero}\n",
            "s.yaml:3:24: `advantages.baseline` is zero, but `advantages.scale` is std\n  \
             hint: write `advantages.scale: none`: a group that agrees has no deviation to divide by"
                .to_owned(),
        ),
        (
            "advantages: {blame: -1}\n",
            "s.yaml:3:21: `advantages.blame` is -1\n  hint: write a share from 0 to 1; 1 keeps negative advantages as they are"
                .to_owned(),
        ),
        (
            "learner: {zero_variance: drop}\n",
            "s.yaml:3:26: `learner.zero_variance` cannot be the text \"drop\"\n  \
             hint: allowed: `skip`, or a map with the key `resample`"
                .to_owned(),
        ),
        (
            "learner: {zero_variance: {resample: {extra_tasks: 0}}}\n",
            "s.yaml:3:51: `learner.zero_variance.resample.extra_tasks` is 0\n  hint: write 1 or more, or `zero_variance: skip`"
                .to_owned(),
        ),
        (
            "learner: {zero_variance: {resample: {extra_tasks: 390}}}\n",
            "s.yaml:3:51: `learner.zero_variance.resample.extra_tasks` is 390, but 16 tasks a round leave 384 of the 400 \
             training tasks\n  hint: write 384 or less, or raise `environment.train`"
                .to_owned(),
        ),
    ] {
        check(body, &[], &expected);
    }
}

#[test]
fn impossible_numbers() {
    for (body, expected) in [
        (
            "learner: {group: 1}\n",
            "s.yaml:3:18: `learner.group` is 1, but advantages compare the episodes of a group\n  hint: write 2 or more, such as 8",
        ),
        ("learner: {epochs: 0}\n", "s.yaml:3:19: `learner.epochs` is 0\n  hint: write 1 or more"),
        (
            "learner: {tasks_per_round: 500}\n",
            "s.yaml:3:28: `learner.tasks_per_round` is 500, more than the 400 training tasks\n  \
             hint: write 400 or less, or raise `environment.train`",
        ),
        (
            "agent: {model: {width: 100, heads: 8}}\n",
            "s.yaml:3:24: `agent.model.width` is 100, which 8 heads cannot share in lots of 16\n  hint: write a multiple of 128 such as 128",
        ),
        (
            "agent: {model: {context: 100}}\n",
            "s.yaml:3:26: `agent.model.context` is 100, too small for a prompt and a reply of 96 tokens\n  \
             hint: write 352 or more, or lower `agent.sampling.max_new_tokens`",
        ),
        (
            "learner: {micro_batch_tokens: 1000}\n",
            "s.yaml:3:31: `learner.micro_batch_tokens` is 1000, less than one conversation of 2048 tokens\n  \
             hint: write 2048 (`agent.model.context`) or more",
        ),
        (
            "advantages: {clip_low: 1.5}\n",
            "s.yaml:3:24: `advantages.clip_low` is 1.5\n  hint: weights lie around 1: write 0 < clip_low ≤ 1 ≤ clip_high",
        ),
        (
            "evolution:\n  rules:\n    - id: a\n      phi: cap\n      scope: tool\n      triggers: [empty_turn]\n      \
             on: {min_count: 8, prevalence: 0.1, max_mean_reward: 0.6}\n      off: {prevalence: 0.02}\n      \
             cooldown_rounds: 3\n      max_words: 9\n      text: Call.\n",
            "s.yaml:7:14: `evolution.rules[0].scope`: a guideline (phi: cap) is global",
        ),
        (
            "evolution: {phis: [schema, capp]}\n",
            "s.yaml:3:28: `evolution.phis[1]` cannot be the text \"capp\"\n  \
             hint: did you mean `cap`? allowed: `schema`, `err` and `cap`",
        ),
        (
            "diagnosis: {table: 9}\n",
            "s.yaml:3:20: `diagnosis.table` is 9, an unknown priority table\n  hint: write 1 or 2",
        ),
    ] {
        check(body, &[], expected);
    }
    let text = load(&format!("{HEAD}learner: {{group: 1, dual_clip: 0.5}}\nagent: {{sampling: {{top_p: 0}}}}\n"), &[]);
    assert_eq!(text.matches("hint:").count(), 3, "all problems are reported: {text}");
}

#[test]
fn mistakes_in_arms() {
    for (body, expected) in [
        (
            "arms: {}\n",
            "s.yaml:3:7: `arms` names no arm\n  hint: name at least one, or leave `arms` out for a single arm called `main`",
        ),
        (
            "arms: {\"My arm\": {}}\n",
            "s.yaml:3:8: \"My arm\" cannot name an arm\n  \
             hint: use 1 to 40 lower-case letters, digits, `_` and `-`: it becomes a folder name",
        ),
        (
            "arms: {a: {learner: {group: 1}}, b: {}}\n",
            "s.yaml:3:29: `arms.a.learner.group` is 1, but advantages compare the episodes of a group\n  hint: write 2 or more, such as 8",
        ),
        (
            "arms: {a: {lerner: {group: 4}}}\n",
            "s.yaml:3:12: `arms.a.lerner` is not a known key (its value is a map)\n  hint: did you mean `learner`?",
        ),
        (
            "arms: {a: {environment: {name: helpdesk}}}\n",
            "s.yaml:3:12: `arms.a.environment` is not a known key (its value is a map)\n  \
             hint: `environment` is shared by all arms: set it at the top level",
        ),
        (
            "arms: {a: {budgets: {wall_clock_minutes: 3}}}\n",
            "s.yaml:3:22: `arms.a.budgets.wall_clock_minutes` cannot differ between arms\n  \
             hint: it limits the run: set `budgets.wall_clock_minutes` at the top level",
        ),
        (
            "arms:\n  one: {after: [tow]}\n  two: {}\n",
            "s.yaml:4:16: `arms.one.after` names the arm \"tow\", which does not exist\n  hint: did you mean `two`?",
        ),
        (
            "arms:\n  a: {after: [b]}\n  b: {start_from: a}\n",
            "s.yaml:4:3: arms wait for each other: `a` after `b` after `a`\n  \
             hint: remove one `after` or `start_from` of this chain",
        ),
        (
            "arms:\n  a: {after: [a]}\n",
            "s.yaml:4:3: arms wait for each other: `a` after `a`\n  hint: remove one `after` or `start_from` of this chain",
        ),
    ] {
        check(body, &[], expected);
    }
}

#[test]
fn mistakes_in_sets() {
    let body = "learner: {rounds: 3}\narms:\n  vanilla: {}\n  coevo: {}\n";
    for (sets, expected) in [
        (&["learner.rounds=2", "arms.coevo.learner.rounds=4", "budgets.wall_clock_minutes=null"][..], ""),
        (
            &["learner.rounds"],
            "--set learner.rounds: \"learner.rounds\" has no `=`\n  hint: write `--set key=value`, such as `--set learner.rounds=4`",
        ),
        (
            &["learner..rounds=1"],
            "--set learner..rounds=1: \"learner..rounds\" is not a key\n  \
             hint: write `--set key=value`, such as `--set learner.rounds=4`",
        ),
        (
            &["learner.round=1"],
            "--set learner.round=1: `learner.round` is not a known key (its value is 1)\n  hint: did you mean `rounds`?",
        ),
        (
            &["learner.rounds.x=1"],
            "--set learner.rounds.x=1: `learner.rounds` is 3, which has no keys inside\n  hint: set `learner.rounds` itself",
        ),
        (&["arms.cevo.seed=1"], "--set arms.cevo.seed=1: the file has no arm `cevo`\n  hint: did you mean `coevo`?"),
        (&["learner.epochs=0"], "--set learner.epochs=0: `learner.epochs` is 0\n  hint: write 1 or more"),
        (
            &["learner.rounds=[1"],
            "--set learner.rounds=[1: the value of `learner.rounds` is no YAML: did not find expected ',' or ']'\n  \
             hint: quote it",
        ),
    ] {
        check(body, sets, expected);
    }
}

#[test]
fn mistakes_of_the_file_as_a_whole() {
    for (text, expected) in [
        (
            "",
            "s.yaml: `name` is missing\n  hint: add `name: …` (Name of the scenario.)\n\
              s.yaml: `environment` is missing\n  hint: add `environment: …` (Where tasks come from.)",
        ),
        ("- 1\n", "s.yaml:1:1: the scenario is a list, but must be a map of keys"),
        (
            "name: x\nenvironment: {train: 3}\n",
            "s.yaml:2:1: `environment.name` is missing\n  hint: add `name: …` (A shipped environment such as `travel`, or the \
             path of a plugin folder or `.wasm` component, relative to this file.)",
        ),
        (
            "name: x\nenvironment: {name: ./my.wasm}\n",
            "s.yaml:2:21: `environment.name` is \"./my.wasm\", but /nowhere/my.wasm does not exist\n  \
             hint: paths are relative to the scenario file; a shipped environment has a bare name, such as `travel`",
        ),
    ] {
        assert_eq!(load(text, &[]), expected, "\n{text}");
    }
}

#[test]
fn a_missing_file_is_named_and_its_neighbour_offered() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("quikstart.yaml");
    let error = ResolvedScenario::load(&path, &[]).expect_err("no such file").to_string();
    let expected = format!("hint: did you mean `{}`?", path.with_file_name("quickstart.yaml").display());
    assert!(error.starts_with(&path.display().to_string()) && error.ends_with(&expected), "{error}");
}

/// The error text of [`HEAD`] with `body` under `--budget NAME`.
fn under(body: &str, budget: &str, sets: &[&str]) -> String {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let text = format!("{HEAD}{body}");
    match ResolvedScenario::parse_with(&text, "s.yaml", Path::new("/nowhere"), Some(budget), &sets) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn mistakes_of_a_study() {
    for (body, expected) in [
        ("seeds: 0\n", "s.yaml:3:8: `seeds` is 0, but must be an integer from 1 to 1000 or a list"),
        ("seeds: many\n", "s.yaml:3:8: `seeds` is the text \"many\", but must be an integer from 1 to 1000 or a list"),
        ("seeds: []\n", "s.yaml:3:8: `seeds` names no seed\n  hint: write how many, such as `seeds: 5`, or list them"),
        (
            "seeds: [1, 2, 1]\n",
            "s.yaml:3:15: `seeds[2]` is 1, which stands there already\n  hint: name every seed once",
        ),
        (
            "seeds: [1, 2]\nseed: 7\n",
            "s.yaml:4:7: `seed` is 7, but `seeds` lists them\n  hint: leave one of them out; `seeds: 5` counts up from `seed`",
        ),
        (
            "seeds: 2\nseed: 18446744073709551615\n",
            "s.yaml:3:8: `seeds` is 2, but no such number follows `seed` 18446744073709551615\n  hint: lower `seed`",
        ),
        (
            "seeds: 2\narms: {a: {seed: 4}}\n",
            "s.yaml:4:18: `arms.a.seed` is 4, but `seeds` gives every arm the same ones\n  hint: leave it out",
        ),
        (
            "evaluation: {transfer: [{environment: travel}]}\n",
            "s.yaml:3:39: `evaluation.transfer[0].environment` is \"travel\", which is trained on\n  \
             hint: name an environment that `environment.name` is not",
        ),
        (
            "evaluation: {transfer: [{environment: retail}, {environment: retail, tasks: 0}]}\n",
            "s.yaml:3:77: `evaluation.transfer[1].tasks` is 0\n  hint: write 1 or more, or leave the entry out\n\
             s.yaml:3:62: `evaluation.transfer[1].environment` is \"retail\", which stands there already\n  \
             hint: name every environment once",
        ),
        (
            "evaluation: {transfer: [{environment: ./my.wasm}]}\n",
            "s.yaml:3:39: `evaluation.transfer[0].environment` is \"./my.wasm\", but /nowhere/my.wasm does not exist\n  \
             hint: paths are relative to the scenario file; a shipped environment has a bare name, such as `travel`",
        ),
        (
            "evaluation: {transfer: [retail]}\n",
            "s.yaml:3:25: `evaluation.transfer[0]` is the text \"retail\", but must be a map of keys",
        ),
        (
            "evaluation: {select: best}\n",
            "s.yaml:3:22: `evaluation.select` cannot be the text \"best\"\n  \
             hint: did you mean `best_dev`? allowed: `last` and `best_dev`",
        ),
        (
            "named_budgets: {small: {learner: {rouns: 2}}}\n",
            "s.yaml:3:35: `named_budgets.small.learner.rouns` is not a known key (its value is 2)\n  hint: did you mean `rounds`?",
        ),
    ] {
        check(body, &[], expected);
    }
    check(
        "",
        &["named_budgets.small.seed=2"],
        "--set named_budgets.small.seed=2: `named_budgets.small.seed` is chosen with \
         --budget, not set\n  hint: set the key itself, such as `--set learner.rounds=4`: it lies over the budget that --budget chose",
    );
}

#[test]
fn mistakes_in_a_named_budget_stand_where_it_is_written() {
    let small = "named_budgets:\n  small: {learner: {tasks_per_round: 999}, seeds: [1, 1]}\n";
    for (body, budget, sets, expected) in [
        (
            "",
            "small",
            &[][..],
            "--budget small: the scenario names no budget \"small\" under `named_budgets`\n  \
             hint: add `named_budgets: { small: { … } }` with what it overrides",
        ),
        (
            small,
            "smal",
            &[],
            "--budget smal: the scenario names no budget \"smal\" under `named_budgets`\n  hint: did you mean `small`?",
        ),
        (
            small,
            "small",
            &[],
            "s.yaml:4:55: `seeds[1]` is 1, which stands there already\n  hint: name every seed once\n\
             s.yaml:4:38: `learner.tasks_per_round` is 999, more than the 400 training tasks\n  \
             hint: write 400 or less, or raise `environment.train`",
        ),
        (small, "small", &["learner.tasks_per_round=8", "seeds=2"], ""),
    ] {
        assert_eq!(under(body, budget, sets), expected, "\n{body}--budget {budget} {sets:?}");
    }
}
