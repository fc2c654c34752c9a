// Command release makes the parts of a release that need more than a shell script: the licences of the modules in a
// binary, and a container image. Its output depends only on its input. It is a module of its own, so that the proxy
// does not depend on its dependencies.
package main
