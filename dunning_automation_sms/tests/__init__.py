from . import test_phone_numbers, test_res_partner
