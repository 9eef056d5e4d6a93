-- +goose Up

-- How long a parked call waits before it comes back to who parked it.
ALTER TABLE accounts ADD COLUMN park_timeout_ms bigint NOT NULL DEFAULT 120000
    CONSTRAINT accounts_park_timeout_check CHECK (park_timeout_ms BETWEEN 1000 AND 86400000);

CREATE TABLE privacy_groups (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL CONSTRAINT privacy_groups_account_fkey REFERENCES accounts,
    name       text NOT NULL CHECK (name <> '' AND length(name) <= 200),
    revision   bigint NOT NULL DEFAULT 1,
    CONSTRAINT privacy_groups_name_key UNIQUE (account_id, name),
    CONSTRAINT privacy_groups_id_key UNIQUE (account_id, id)
);

CREATE TABLE privacy_members (
    account_id bigint NOT NULL,
    privacy_id bigint NOT NULL,
    user_id    bigint NOT NULL,
    position   integer NOT NULL,
    PRIMARY KEY (privacy_id, user_id),
    CONSTRAINT privacy_members_group_fkey FOREIGN KEY (account_id, privacy_id)
        REFERENCES privacy_groups (account_id, id) ON DELETE CASCADE,
    CONSTRAINT privacy_members_user_fkey FOREIGN KEY (account_id, user_id)
        REFERENCES ext_user (account_id, id)
);
CREATE INDEX privacy_members_account ON privacy_members (account_id, privacy_id, position);
CREATE INDEX privacy_members_user ON privacy_members (account_id, user_id);

-- What the members of a privacy group may do with the calls of an extension.
CREATE TABLE privacy_rights (
    account_id      bigint NOT NULL,
    extension_id    bigint NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('user', 'group')),
    privacy_id      bigint NOT NULL,
    position        integer NOT NULL,
    pickup          boolean NOT NULL DEFAULT false,
    park_retrieve   boolean NOT NULL DEFAULT false,
    blf             boolean NOT NULL DEFAULT false,
    listen          boolean NOT NULL DEFAULT false,
    notify          boolean NOT NULL DEFAULT false,
    notify_delay_ms bigint NOT NULL DEFAULT 0 CHECK (notify_delay_ms BETWEEN 0 AND 3600000),
    PRIMARY KEY (extension_id, privacy_id),
    CONSTRAINT privacy_rights_of_group_check CHECK (kind = 'user' OR NOT (park_retrieve OR blf OR listen)),
    CONSTRAINT privacy_rights_extension_fkey FOREIGN KEY (account_id, extension_id, kind)
        REFERENCES extensions (account_id, id, kind) ON DELETE CASCADE,
    CONSTRAINT privacy_rights_privacy_fkey FOREIGN KEY (account_id, privacy_id)
        REFERENCES privacy_groups (account_id, id)
);
CREATE INDEX privacy_rights_account ON privacy_rights (account_id, extension_id, privacy_id);
CREATE INDEX privacy_rights_privacy ON privacy_rights (account_id, privacy_id);

SELECT callplane_isolate('privacy_groups');
SELECT callplane_isolate('privacy_members');
SELECT callplane_isolate('privacy_rights');
SELECT callplane_versioned('privacy_groups');
SELECT callplane_versioned('privacy_members');
SELECT callplane_versioned('privacy_rights');
