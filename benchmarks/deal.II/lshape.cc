// The adaptive loop of deal.II on the L-shaped domain with r^(2/3) sin(2θ/3): Kelly's estimator, 30 % of the cells cut and 3 % merged a round, as its
// tutorial program 6 does it; conjugate gradients from the interpolated solution of the round before, with the SSOR of that program (ssor), with
// Trilinos' multigrid (amg), or on several MPI ranks with Trilinos' multigrid, as program 40 does it (mpi).
// Arguments: degree, error to reach, solver, tolerance, threads, share of the squared error whose cells are cut (0: 30 % of the cells). Prints one line: unknowns, seconds of mesh and pattern, of assembly, of the preconditioner,
// of the solve, of the estimate, of marks, refinement and transfer, of all processors in all but the error, rounds, iterations of the last, the H1-seminorm of its error.
#include <deal.II/base/function_lib.h>
#include <deal.II/base/multithread_info.h>
#include <deal.II/base/quadrature_lib.h>
#include <deal.II/base/timer.h>
#include <deal.II/base/utilities.h>
#include <deal.II/distributed/grid_refinement.h>
#include <deal.II/distributed/solution_transfer.h>
#include <deal.II/distributed/tria.h>
#include <deal.II/dofs/dof_handler.h>
#include <deal.II/dofs/dof_tools.h>
#include <deal.II/fe/fe_q.h>
#include <deal.II/fe/fe_values.h>
#include <deal.II/grid/grid_generator.h>
#include <deal.II/grid/grid_refinement.h>
#include <deal.II/lac/affine_constraints.h>
#include <deal.II/lac/dynamic_sparsity_pattern.h>
#include <deal.II/lac/full_matrix.h>
#include <deal.II/lac/precondition.h>
#include <deal.II/lac/solver_cg.h>
#include <deal.II/lac/sparse_matrix.h>
#include <deal.II/lac/sparsity_tools.h>
#include <deal.II/lac/trilinos_precondition.h>
#include <deal.II/lac/trilinos_sparse_matrix.h>
#include <deal.II/lac/trilinos_vector.h>
#include <deal.II/numerics/error_estimator.h>
#include <deal.II/numerics/solution_transfer.h>
#include <deal.II/numerics/vector_tools.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <memory>
#include <string>

using namespace dealii;

struct Times
{
  double mesh = 0, assembly = 0, setup = 0, solve = 0, estimate = 0, refine = 0, excluded = 0;
};

struct Clock
{
  Timer  timer;
  Clock(const MPI_Comm comm) : timer(comm, true) {}
  double lap() { timer.stop(); const double t = timer.wall_time(); timer.restart(); return t; }
};

static double processor() { return double(std::clock()) / CLOCKS_PER_SEC; }

static void cell_matrix(const FEValues<2> &values, FullMatrix<double> &local)
{
  const unsigned int n = local.m();
  local = 0;
  for (unsigned int q = 0; q < values.n_quadrature_points; ++q)
    for (unsigned int a = 0; a < n; ++a)
      for (unsigned int b = 0; b < n; ++b)
        local(a, b) += values.shape_grad(a, q) * values.shape_grad(b, q) * values.JxW(q);
}

template <typename Matrix, typename Vector>
static void assemble(const DoFHandler<2> &dofs, const AffineConstraints<double> &constraints, Matrix &matrix, Vector &load)
{
  const FiniteElement<2> &fe = dofs.get_fe();
  FEValues<2>             values(fe, QGauss<2>(fe.degree + 1), update_gradients | update_JxW_values);
  const unsigned int      n = fe.n_dofs_per_cell();
  FullMatrix<double>      local(n, n);
  dealii::Vector<double>  local_load(n);
  std::vector<types::global_dof_index> indices(n);
  for (const auto &cell : dofs.active_cell_iterators())
    if (cell->is_locally_owned())
      {
        values.reinit(cell);
        cell_matrix(values, local);
        cell->get_dof_indices(indices);
        constraints.distribute_local_to_global(local, local_load, indices, matrix, load, true);
      }
  matrix.compress(VectorOperation::add);
  load.compress(VectorOperation::add);
}

static TrilinosWrappers::PreconditionAMG::AdditionalData amg_options(const unsigned int degree)
{
  TrilinosWrappers::PreconditionAMG::AdditionalData data;
  data.elliptic = true;
  data.higher_order_elements = degree > 1;
  data.smoother_sweeps = 2;
  data.aggregation_threshold = 0.02;
  return data;
}

// The error, and if it is too large the indicators, the marks, the next mesh and what takes the solution there; false if it is not.
template <typename Transfer, typename Vector, typename Mark>
static bool next_mesh(Triangulation<2> &mesh, const DoFHandler<2> &dofs, const Vector &solution, const double target, Times &times, Clock &clock, double &error,
                      std::unique_ptr<Transfer> &transfer, const Mark &mark)
{
  const double before = processor();
  const Functions::LSingularityFunction exact;
  const unsigned int degree = dofs.get_fe().degree;
  dealii::Vector<float> cells(mesh.n_active_cells());
  VectorTools::integrate_difference(dofs, solution, exact, cells, QGauss<2>(degree + 2), VectorTools::H1_seminorm);
  error = VectorTools::compute_global_error(mesh, cells, VectorTools::H1_seminorm);
  times.excluded += processor() - before;
  clock.lap();
  if (error <= target)
    return false;

  KellyErrorEstimator<2>::estimate(dofs, QGauss<1>(degree + 1), {}, solution, cells);
  times.estimate += clock.lap();
  mark(cells);
  mesh.prepare_coarsening_and_refinement();
  transfer.reset(new Transfer(dofs));
  transfer->prepare_for_coarsening_and_refinement(solution);
  mesh.execute_coarsening_and_refinement();
  times.refine += clock.lap();
  return true;
}

// One process, with threads where deal.II has them.
static void serial(const unsigned int degree, const double target, const std::string &solver, const double tolerance, const double bulk)
{
  const double  begin = processor();
  Times         times;
  Clock         clock(MPI_COMM_SELF);
  Triangulation<2> mesh;
  GridGenerator::hyper_L(mesh, -1, 1);
  mesh.refine_global(3);
  const FE_Q<2>   fe(degree);
  DoFHandler<2>   dofs(mesh);
  const Functions::LSingularityFunction exact;
  Vector<double> start;
  double         error = 0;
  unsigned int   rounds = 0, iterations = 0;
  std::unique_ptr<SolutionTransfer<2>> transfer;
  while (true)
    {
      ++rounds;
      dofs.distribute_dofs(fe);
      AffineConstraints<double> constraints;
      DoFTools::make_hanging_node_constraints(dofs, constraints);
      VectorTools::interpolate_boundary_values(dofs, 0, exact, constraints);
      constraints.close();
      DynamicSparsityPattern dynamic(dofs.n_dofs());
      DoFTools::make_sparsity_pattern(dofs, dynamic, constraints, false);
      SparsityPattern pattern;
      pattern.copy_from(dynamic);
      SparseMatrix<double> matrix(pattern);
      Vector<double>       load(dofs.n_dofs()), solution(dofs.n_dofs());
      if (transfer)
        {
          transfer->interpolate(start, solution);
          constraints.distribute(solution);
        }
      times.mesh += clock.lap();

      assemble(dofs, constraints, matrix, load);
      times.assembly += clock.lap();

      const double size = load.l2_norm();
      SolverControl control(10000, tolerance * size);
      SolverCG<Vector<double>> cg(control);
      if (solver == "ssor")
        {
          PreconditionSSOR<SparseMatrix<double>> ssor;
          ssor.initialize(matrix, 1.2);
          times.setup += clock.lap();
          cg.solve(matrix, solution, load, ssor);
        }
      else
        {
          TrilinosWrappers::PreconditionAMG amg;
          amg.initialize(matrix, amg_options(degree));
          times.setup += clock.lap();
          cg.solve(matrix, solution, load, amg);
        }
      constraints.distribute(solution);
      iterations = control.last_step();
      times.solve += clock.lap();

      start = solution;
      const auto mark = [&](const Vector<float> &indicators) {
        if (bulk > 0)
          GridRefinement::refine_and_coarsen_fixed_fraction(mesh, indicators, bulk, 0., std::numeric_limits<unsigned int>::max(), VectorTools::L2_norm);
        else
          GridRefinement::refine_and_coarsen_fixed_number(mesh, indicators, 0.3, 0.03);
      };
      if (!next_mesh(mesh, dofs, start, target, times, clock, error, transfer, mark))
        break;
    }
  std::printf("amr %u %.4f %.4f %.4f %.4f %.4f %.4f %.4f %u %u %.9e\n", (unsigned int)dofs.n_dofs(), times.mesh, times.assembly, times.setup, times.solve,
              times.estimate, times.refine, processor() - begin - times.excluded, rounds, iterations, error);
}

// Several MPI ranks.
static void distributed(const unsigned int degree, const double target, const double tolerance, const double bulk)
{
  const MPI_Comm world = MPI_COMM_WORLD;
  const double   begin = processor();
  Times          times;
  Clock          clock(world);
  parallel::distributed::Triangulation<2> mesh(world);
  GridGenerator::hyper_L(mesh, -1, 1);
  mesh.refine_global(3);
  const FE_Q<2>   fe(degree);
  DoFHandler<2>   dofs(mesh);
  const Functions::LSingularityFunction exact;
  TrilinosWrappers::MPI::Vector ghosted;
  double         error = 0;
  unsigned int   rounds = 0, iterations = 0;
  std::unique_ptr<parallel::distributed::SolutionTransfer<2, TrilinosWrappers::MPI::Vector>> transfer;
  while (true)
    {
      ++rounds;
      dofs.distribute_dofs(fe);
      const IndexSet owned = dofs.locally_owned_dofs();
      IndexSet       relevant;
      DoFTools::extract_locally_relevant_dofs(dofs, relevant);
      AffineConstraints<double> constraints(relevant);
      DoFTools::make_hanging_node_constraints(dofs, constraints);
      VectorTools::interpolate_boundary_values(dofs, 0, exact, constraints);
      constraints.close();
      DynamicSparsityPattern pattern(relevant);
      DoFTools::make_sparsity_pattern(dofs, pattern, constraints, false);
      SparsityTools::distribute_sparsity_pattern(pattern, owned, world, relevant);
      TrilinosWrappers::SparseMatrix matrix;
      matrix.reinit(owned, owned, pattern, world);
      TrilinosWrappers::MPI::Vector load(owned, world), solution(owned, world);
      if (transfer)
        {
          transfer->interpolate(solution);
          constraints.distribute(solution);
        }
      times.mesh += clock.lap();

      assemble(dofs, constraints, matrix, load);
      times.assembly += clock.lap();

      TrilinosWrappers::PreconditionAMG amg;
      amg.initialize(matrix, amg_options(degree));
      times.setup += clock.lap();
      SolverControl control(10000, tolerance * load.l2_norm());
      SolverCG<TrilinosWrappers::MPI::Vector> cg(control);
      cg.solve(matrix, solution, load, amg);
      constraints.distribute(solution);
      ghosted.reinit(owned, relevant, world);
      ghosted = solution;
      iterations = control.last_step();
      times.solve += clock.lap();

      const auto mark = [&](const Vector<float> &indicators) {
        if (bulk > 0)
          parallel::distributed::GridRefinement::refine_and_coarsen_fixed_fraction(mesh, indicators, bulk, 0., VectorTools::L2_norm);
        else
          parallel::distributed::GridRefinement::refine_and_coarsen_fixed_number(mesh, indicators, 0.3, 0.03);
      };
      if (!next_mesh(mesh, dofs, ghosted, target, times, clock, error, transfer, mark))
        break;
    }
  const double all = Utilities::MPI::sum(processor() - begin - times.excluded, world);
  if (Utilities::MPI::this_mpi_process(world) == 0)
    std::printf("amr %u %.4f %.4f %.4f %.4f %.4f %.4f %.4f %u %u %.9e\n", (unsigned int)dofs.n_dofs(), times.mesh, times.assembly, times.setup, times.solve,
                times.estimate, times.refine, all, rounds, iterations, error);
}

int main(int argc, char **argv)
{
  const unsigned int degree = std::atoi(argv[1]), threads = std::atoi(argv[5]);
  const double       target = std::atof(argv[2]), tolerance = std::atof(argv[4]), bulk = std::atof(argv[6]);
  const std::string  solver = argv[3];
  Utilities::MPI::MPI_InitFinalize mpi(argc, argv, threads);
  if (solver == "mpi")
    distributed(degree, target, tolerance, bulk);
  else
    serial(degree, target, solver, tolerance, bulk);
  return 0;
}
