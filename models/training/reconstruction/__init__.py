"""The operators compared on the papers' small task: giving back the pictures of MNIST and Fashion-MNIST."""
