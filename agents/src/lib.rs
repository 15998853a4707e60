//! Policies and learners: burn transformer, tokenizer, sampling, GRPO; oracle, random, scripted and human agents.
