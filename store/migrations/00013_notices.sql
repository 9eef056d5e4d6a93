-- +goose Up

-- Notices that are still to be sent, by e-mail or SMS. A row goes with its success, or stays with the reason
-- after the last try.
CREATE TABLE notices (
    id         uuid PRIMARY KEY,
    account_id bigint NOT NULL CONSTRAINT notices_account_fkey REFERENCES accounts ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('email', 'sms')),
    recipient  text NOT NULL CHECK (recipient <> '' AND length(recipient) <= 254),
    message_id uuid NOT NULL,
    -- As it was decided when the message came in.
    attach     boolean NOT NULL DEFAULT false,
    delete     boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    tries      integer NOT NULL DEFAULT 0,
    due        timestamptz, -- NULL: given up
    error      text NOT NULL DEFAULT '',
    CONSTRAINT notices_message_fkey FOREIGN KEY (account_id, message_id)
        REFERENCES voicemail_messages (account_id, id) ON DELETE CASCADE
);
CREATE INDEX notices_due ON notices (due) WHERE due IS NOT NULL;
CREATE INDEX notices_message ON notices (account_id, message_id);

-- What an account is charged beside its calls. Amounts have the currency with them.
CREATE TABLE charges (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL CONSTRAINT charges_account_fkey REFERENCES accounts,
    at         timestamptz NOT NULL DEFAULT now(),
    kind       text NOT NULL CHECK (kind ~ '^[a-z][a-z-]{0,39}$'),
    amount     numeric(12, 4) NOT NULL CHECK (amount >= 0),
    currency   text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    detail     text NOT NULL DEFAULT '' CHECK (length(detail) <= 200),
    -- What was charged for: the same thing is charged once.
    reference  text NOT NULL CHECK (reference <> '' AND length(reference) <= 100),
    CONSTRAINT charges_reference_key UNIQUE (account_id, kind, reference)
);
CREATE INDEX charges_account ON charges (account_id, id);

SELECT callplane_isolate('notices');
SELECT callplane_isolate('charges');
