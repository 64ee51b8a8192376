-- A neutralized copy sends no reminder, whatever is done with it later.
DELETE FROM ir_config_parameter
      WHERE key = 'dunning_automation.activation';
