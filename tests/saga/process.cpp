#include "process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace {

pid_t spawn(const std::vector<std::string>& command, const std::map<std::string, std::string>& environment,
            const std::string& log) {
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t id = fork();
  if (id != 0) return id;
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // nothing is left behind by a test that dies
  if (getppid() != parent) _exit(126);
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  dup2(out, 1);
  dup2(out, 2);
  execv(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

Program::Program(std::string name, std::vector<std::string> command,
                 std::map<std::string, std::string> environment, std::string log)
    : name_(std::move(name)),
      command_(std::move(command)),
      environment_(std::move(environment)),
      log_(std::move(log)) {}

Program::~Program() {
  if (running()) kill_now();
}

void Program::start() { id_ = spawn(command_, environment_, log_); }

void Program::kill(int signal) const {
  if (id_ > 0) ::kill(id_, signal);
}

int Program::wait() {
  int status = 0;
  if (id_ > 0) waitpid(id_, &status, 0);
  id_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Program::kill_now() {
  kill(SIGKILL);
  wait();
}

bool Program::ended() {
  siginfo_t info{};
  return id_ > 0 && waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == id_;
}

long Program::resident_kb() const {
  std::ifstream status("/proc/" + std::to_string(id_) + "/status");
  std::string word;
  long value = 0;
  while (status >> word) {
    if (word == "VmRSS:") status >> value;
  }
  return value;
}

std::string Program::last_lines() const {
  std::ifstream in(log_);
  const std::string all((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return all.substr(all.size() > 1500 ? all.size() - 1500 : 0);
}

void run_to_end(const std::vector<std::string>& command) {
  Program program(command.front(), command, {}, "/dev/null");
  program.start();
  if (program.wait() != 0) throw std::runtime_error(command.front() + " failed");
}
