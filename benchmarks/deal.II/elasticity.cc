// Small-strain elasticity of the unit cube by deal.II: trilinear hexahedra, the face x = 0 clamped, a body force along −z, conjugate
// gradients with smoothed-aggregation multigrid (Trilinos ML), as deal.II's tutorial programs 8, 31 and 40 do it. Prints one line:
// unknowns, seconds of mesh and pattern, of assembly, of the preconditioner, of the solve, of all processors in all, iterations, the work of the load.
#include <deal.II/base/conditional_ostream.h>
#include <deal.II/base/function.h>
#include <deal.II/base/multithread_info.h>
#include <deal.II/base/quadrature_lib.h>
#include <deal.II/base/timer.h>
#include <deal.II/base/utilities.h>
#include <deal.II/distributed/tria.h>
#include <deal.II/dofs/dof_handler.h>
#include <deal.II/dofs/dof_tools.h>
#include <deal.II/fe/fe_q.h>
#include <deal.II/fe/fe_system.h>
#include <deal.II/fe/fe_values.h>
#include <deal.II/grid/grid_generator.h>
#include <deal.II/lac/affine_constraints.h>
#include <deal.II/lac/dynamic_sparsity_pattern.h>
#include <deal.II/lac/solver_cg.h>
#include <deal.II/lac/sparsity_tools.h>
#include <deal.II/lac/trilinos_precondition.h>
#include <deal.II/lac/trilinos_sparse_matrix.h>
#include <deal.II/lac/trilinos_vector.h>
#include <deal.II/numerics/vector_tools.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

using namespace dealii;

int main(int argc, char **argv)
{
  Utilities::MPI::MPI_InitFinalize mpi(argc, argv, 1);
  const MPI_Comm     world = MPI_COMM_WORLD;
  const int          coarse = std::atoi(argv[1]), refinements = std::atoi(argv[2]);
  const double       tolerance = std::atof(argv[3]);
  const double       young = 1, poisson = 0.3;
  const double       lambda = young * poisson / ((1 + poisson) * (1 - 2 * poisson)), mu = young / (2 * (1 + poisson));
  const double       before = Utilities::MPI::sum(double(std::clock()) / CLOCKS_PER_SEC, world);
  Timer              timer(world, true);
  auto               lap = [&]() { timer.stop(); const double t = timer.wall_time(); timer.restart(); return t; };

  parallel::distributed::Triangulation<3> mesh(world);
  GridGenerator::subdivided_hyper_cube(mesh, coarse, 0, 1, true);
  mesh.refine_global(refinements);
  const FESystem<3> fe(FE_Q<3>(1), 3);
  DoFHandler<3>     dofs(mesh);
  dofs.distribute_dofs(fe);
  const IndexSet owned = dofs.locally_owned_dofs();
  IndexSet       relevant;
  DoFTools::extract_locally_relevant_dofs(dofs, relevant);
  AffineConstraints<double> constraints(relevant);
  VectorTools::interpolate_boundary_values(dofs, 0, Functions::ZeroFunction<3>(3), constraints);
  constraints.close();
  DynamicSparsityPattern pattern(relevant);
  DoFTools::make_sparsity_pattern(dofs, pattern, constraints, false);
  SparsityTools::distribute_sparsity_pattern(pattern, owned, world, relevant);
  TrilinosWrappers::SparseMatrix matrix;
  matrix.reinit(owned, owned, pattern, world);
  TrilinosWrappers::MPI::Vector load(owned, world), solution(owned, world);
  const double mesh_time = lap();

  const QGauss<3> quadrature(2);
  FEValues<3>     values(fe, quadrature, update_values | update_gradients | update_JxW_values);
  const unsigned int n = fe.n_dofs_per_cell();
  FullMatrix<double> local(n, n);
  Vector<double>     local_load(n);
  std::vector<types::global_dof_index> indices(n);
  for (const auto &cell : dofs.active_cell_iterators())
    if (cell->is_locally_owned())
      {
        values.reinit(cell);
        local = 0;
        local_load = 0;
        for (unsigned int q = 0; q < quadrature.size(); ++q)
          for (unsigned int a = 0; a < n; ++a)
            {
              const unsigned int i = fe.system_to_component_index(a).first;
              const Tensor<1, 3> ga = values.shape_grad(a, q);
              for (unsigned int b = 0; b < n; ++b)
                {
                  const unsigned int j = fe.system_to_component_index(b).first;
                  const Tensor<1, 3> gb = values.shape_grad(b, q);
                  local(a, b) += (lambda * ga[i] * gb[j] + mu * ga[j] * gb[i] + (i == j ? mu * (ga * gb) : 0.)) * values.JxW(q);
                }
              if (i == 2)
                local_load(a) -= values.shape_value(a, q) * values.JxW(q);
            }
        cell->get_dof_indices(indices);
        constraints.distribute_local_to_global(local, local_load, indices, matrix, load);
      }
  matrix.compress(VectorOperation::add);
  load.compress(VectorOperation::add);
  const double assembly_time = lap();

  TrilinosWrappers::PreconditionAMG                 amg;
  TrilinosWrappers::PreconditionAMG::AdditionalData data;
  DoFTools::extract_constant_modes(dofs, ComponentMask(3, true), data.constant_modes);
  data.elliptic = true;
  data.higher_order_elements = false;
  data.smoother_sweeps = 2;
  data.aggregation_threshold = 0.02;
  amg.initialize(matrix, data);
  const double setup_time = lap();

  SolverControl control(1000, tolerance * load.l2_norm());
  SolverCG<TrilinosWrappers::MPI::Vector> solver(control);
  solver.solve(matrix, solution, load, amg);
  constraints.distribute(solution);
  const double solve_time = lap();
  const double work = solution * load;
  const double processor = Utilities::MPI::sum(double(std::clock()) / CLOCKS_PER_SEC, world) - before;
  if (Utilities::MPI::this_mpi_process(world) == 0)
    std::printf("fem %u %.4f %.4f %.4f %.4f %.4f %u %.12e\n", (unsigned int)dofs.n_dofs(), mesh_time, assembly_time, setup_time, solve_time, processor, control.last_step(), work);
  return 0;
}
