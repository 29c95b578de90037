//! The fields that an event may have stand here, for reader and docs.

/// Describes a field of an event, for the table in docs/reference.md.
pub struct Field {
    pub name: &'static str,
    pub form: &'static str,
    pub default: &'static str,
    pub meaning: &'static str,
}

/// Lists the fields that an event may have.
pub const FIELDS: [Field; 9] = [
    Field {
        name: "action",
        form: "`stop` `start` `status`",
        default: "required",
        meaning: "what to do",
    },
    Field {
        name: "dry_run",
        form: "bool",
        default: "`DRY_RUN_DEFAULT`",
        meaning: "look, plan and price; write nothing but the report",
    },
    Field {
        name: "only",
        form: "list of `kind` or `kind:name-pattern`",
        default: "everything managed",
        meaning: "selects among what is managed, adds nothing",
    },
    Field {
        name: "reason",
        form: "text, at most 200 characters",
        default: "none",
        meaning: "kept in the state, the report and the mail",
    },
    Field {
        name: "wait",
        form: "bool",
        default: "true",
        meaning: "false: make the calls that need no waiting, answer `in_progress`, and let the next invocation wait",
    },
    Field {
        name: "notify",
        form: "bool",
        default: "false",
        meaning: "send a message for a `status` or a dry run too; a real stop or start always sends one at its end",
    },
    Field {
        name: "schedule",
        form: "`{\"arn\", \"time\"}`",
        default: "none",
        meaning: "filled by EventBridge Scheduler's context attributes; the same pair twice is one operation",
    },
    Field {
        name: "originals_from",
        form: "`operations/….json`",
        default: "none",
        meaning: "`start` only: bring back the originals of a kept report, see \
                  [recovery](troubleshooting.md#if-the-state-is-lost-or-damaged)",
    },
    Field {
        name: "continuation",
        form: "object",
        default: "none",
        meaning: "written by the function itself, when it goes on in another invocation",
    },
];
