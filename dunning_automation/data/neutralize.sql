-- A neutralized copy sends no reminder, whatever is done with it later.
DELETE FROM ir_config_parameter
      WHERE key = 'dunning_automation.activation';

-- Nor does it call other programs.
UPDATE dunning_subscription
   SET active = FALSE;
