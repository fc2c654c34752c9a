package ring

// FourByName returns the function that computes four hashes at once. It is nil if there is none that is faster than
// the HashFunc of that name.
func FourByName(name string) HashFour {
	if name == "md5" {
		return fourMD5()
	}
	return nil
}
