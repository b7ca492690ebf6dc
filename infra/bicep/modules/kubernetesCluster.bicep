metadata description = 'An AKS cluster: a pool for Kubernetes itself, one for the extension of Azure Machine Learning, one of GPU nodes.'

import { assignment, roleIds, roleNames } from 'roles.bicep'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the cluster.')
@minLength(1)
@maxLength(63)
param name string

@description('Size of the GPU nodes.')
param gpuVmSize string = 'Standard_NC4as_T4_v3'

@description('Labels of the GPU nodes.')
param gpuLabels object

@description('Size of the nodes of Kubernetes itself and of the extension. It needs a local disk, which the system disk is put on.')
param systemVmSize string = 'Standard_D4ads_v5'

@description('GPU nodes that always run. With 0, none starts before the scheduler is set up as docs/kubernetes.md says.')
@minValue(0)
@maxValue(100)
param minNodes int = 1

@description('Most GPU nodes.')
@minValue(1)
@maxValue(100)
param maxNodes int = 2

@description('The address of the API server is a private one, nodes are in a subnet of yours.')
param isPrivate bool = false

@description('Resource ID of the subnet of the nodes, which reaches the private endpoints and has a NAT gateway; empty for a network of the cluster\'s own.')
param subnetId string = ''

@description('Resource ID of the Log Analytics workspace.')
param logAnalyticsId string

@description('Make the role assignments. Without it they are only told.')
param assignRoles bool = true

var hasSubnet = !empty(subnetId)
var join = {
  roleId: roleIds.networkContributor
  why: 'AKS joins its nodes and load balancers to the subnet.'
}
// Null where the cluster has a network of its own.
var nodeSubnet = hasSubnet ? subnetId : null

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${name}'
  location: location
  tags: tags
}

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' existing = {
  name: hasSubnet ? split(subnetId, '/')[8] : 'none'

  resource nodes 'subnets' existing = {
    name: hasSubnet ? last(split(subnetId, '/')) : 'none'
  }
}

resource joinsSubnet 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (hasSubnet && assignRoles) {
  name: guid(network::nodes.id, identity.id, join.roleId)
  scope: network::nodes
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', join.roleId)
    description: join.why
  }
}

resource cluster 'Microsoft.ContainerService/managedClusters@2025-10-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: 'Base'
    tier: isPrivate ? 'Standard' : 'Free'
  }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    dnsPrefix: name
    enableRBAC: true
    // Attaching fails without them: 'Getting static credential is not allowed because this cluster is set to
    // disable local accounts' (Azure/AML-Kubernetes#261). People sign in by Entra all the same.
    disableLocalAccounts: false
    aadProfile: {
      managed: true
      enableAzureRBAC: true
    }
    apiServerAccessProfile: {
      enablePrivateCluster: isPrivate
      enablePrivateClusterPublicFQDN: isPrivate ? false : null
    }
    autoUpgradeProfile: {
      upgradeChannel: 'patch'
      nodeOSUpgradeChannel: 'NodeImage'
    }
    networkProfile: {
      networkPlugin: 'azure'
      networkPluginMode: 'overlay'
      networkPolicy: 'cilium'
      networkDataplane: 'cilium'
      loadBalancerSku: 'standard'
      // The subnet has its own way out.
      outboundType: hasSubnet ? 'userAssignedNATGateway' : 'loadBalancer'
      // Apart from the addresses of the subnet and of the private endpoints.
      podCidr: '192.168.0.0/16'
      serviceCidr: '172.30.0.0/16'
      dnsServiceIP: '172.30.0.10'
    }
    oidcIssuerProfile: {
      enabled: true
    }
    securityProfile: {
      workloadIdentity: {
        enabled: true
      }
      imageCleaner: {
        enabled: true
        intervalHours: 168
      }
    }
    addonProfiles: {
      azurepolicy: {
        enabled: true
      }
      azureKeyvaultSecretsProvider: {
        enabled: true
        config: {
          enableSecretRotation: 'true'
        }
      }
      omsagent: {
        enabled: true
        config: {
          logAnalyticsWorkspaceResourceID: logAnalyticsId
          useAADAuth: 'true'
        }
      }
    }
    agentPoolProfiles: [
      {
        name: 'system'
        mode: 'System'
        osType: 'Linux'
        osSKU: 'AzureLinux'
        vmSize: systemVmSize
        vnetSubnetID: nodeSubnet
        count: 1
        minCount: 1
        maxCount: 3
        enableAutoScaling: true
        maxPods: 60
        osDiskType: 'Ephemeral'
        osDiskSizeGB: 100
        enableEncryptionAtHost: isPrivate
        nodeTaints: [
          'CriticalAddonsOnly=true:NoSchedule'
        ]
      }
      {
        name: 'extension'
        mode: 'User'
        osType: 'Linux'
        osSKU: 'AzureLinux'
        vmSize: systemVmSize
        vnetSubnetID: nodeSubnet
        count: 1
        minCount: 1
        maxCount: 2
        enableAutoScaling: true
        maxPods: 60
        osDiskType: 'Ephemeral'
        osDiskSizeGB: 100
        enableEncryptionAtHost: isPrivate
      }
    ]
  }
  dependsOn: [
    joinsSubnet
  ]

  resource gpu 'agentPools' = {
    name: 'gpu'
    properties: {
      mode: 'User'
      osType: 'Linux'
      osSKU: 'Ubuntu'
      vmSize: gpuVmSize
      vnetSubnetID: nodeSubnet
      count: minNodes
      minCount: minNodes
      maxCount: max(minNodes, maxNodes)
      enableAutoScaling: true
      maxPods: 60
      osDiskType: 'Ephemeral'
      osDiskSizeGB: 128
      enableEncryptionAtHost: isPrivate
      nodeLabels: gpuLabels
      // The taint that everything of Azure Machine Learning tolerates, and nothing else.
      nodeTaints: [
        'ml.azure.com/amlarc=true:NoSchedule'
      ]
    }
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-log-analytics'
  scope: cluster
  properties: {
    workspaceId: logAnalyticsId
    logs: [
      {
        category: 'kube-audit-admin'
        enabled: true
      }
      {
        category: 'guard'
        enabled: true
      }
      {
        category: 'cluster-autoscaler'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

@description('Resource ID of the cluster.')
output id string = cluster.id

@description('Name of the cluster, known when its pools are there.')
output name string = cluster.name

@description('Every assignment, made or not.')
output assignments assignment[] = hasSubnet
  ? [
      {
        principalId: identity.properties.principalId
        principalType: 'ServicePrincipal'
        roleId: join.roleId
        role: roleNames[join.roleId]
        scope: network::nodes.id
        why: join.why
      }
    ]
  : []
