-- +goose Up

-- How the carrier wants emergency numbers: {number} with the caller's {area} and the country's {cc}; empty: the number alone.
ALTER TABLE trunks ADD COLUMN emergency text NOT NULL DEFAULT ''
    CONSTRAINT trunks_emergency_check CHECK (emergency = '' OR length(emergency) <= 64 AND strpos(emergency, '{number}') > 0);
