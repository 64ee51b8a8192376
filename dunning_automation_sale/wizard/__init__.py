from . import dunning_sale_release
