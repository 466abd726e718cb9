package adminapi

// exampleKey is the id of the key in examples.
const exampleKey = "key_019a1b2c-3d4e-7f60-8a9b-0c1d2e3f4a5b"
