"""A simulated AWS account: moto's server with a layer in front that behaves like AWS where moto does not."""
