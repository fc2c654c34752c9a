// Command release makes the parts of a release that take more than a shell: the licences of what is in a binary, and a
// container image. Its output depends on its input alone. It is a module of its own, so that what it requires is nothing that
// the proxy requires.
package main
