-- A neutralized copy has no account at an SMS gateway and sends nothing.
UPDATE dunning_sms_gateway
   SET provider = 'demo', secret = NULL;

-- Nor does it listen.
UPDATE dunning_webhook
   SET secret = NULL;

-- Nor does it call.
UPDATE dunning_call_gateway
   SET provider = 'demo', secret = NULL;
